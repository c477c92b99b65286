import { curricularFace, type MarginLoss, referenceBackend } from '@cf/core';
import { linearLearner } from '../testing/linear-learner.ts';
import { type LinearTask, linearOptions, linearSamples, linearTask } from '../testing/linear-task.ts';
import { type Checkpoint, checkpointOf } from './checkpoint.ts';
import type { StepMetrics, TrainingEvent } from './events.ts';
import { train } from './train.ts';
import type { TrainingOptions, TrainingTask } from './training-task.ts';

export const loss: MarginLoss = curricularFace({ scale: 12, alpha: 0.1 });
/** Two epochs of three steps. */
export const task: LinearTask = linearTask(loss);

/** A training by the reference, with some options changed. */
export async function open(
  changes: Partial<TrainingOptions> = {},
  of: LinearTask = task,
): Promise<Omit<TrainingTask, 'state' | 'signal'>> {
  return {
    learner: linearLearner(of),
    head: await referenceBackend().createHead(of.loss, { subCenters: of.subCenters }),
    samples: linearSamples(of),
    options: { ...linearOptions(of, 'float64'), ...changes },
  };
}

/** All that happens in a training. */
export async function events(
  given: TrainingTask,
  onEvent: (event: TrainingEvent) => unknown = () => undefined,
): Promise<TrainingEvent[]> {
  const all: TrainingEvent[] = [];
  for await (const event of train(given)) {
    all.push(event);
    onEvent(event);
  }
  return all;
}

/** Of each step. */
export const metricsOf = (all: readonly TrainingEvent[]): StepMetrics[] =>
  all.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));

/** The last state, as a caller would have stored it. */
export const stored = (all: readonly TrainingEvent[]): Checkpoint => {
  const last = all.findLast((event) => event.type === 'checkpoint')!;
  return structuredClone(checkpointOf(last.state));
};
