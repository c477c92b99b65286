import type { Head } from '@cf/core';
import type { Learner } from '../learner/learner.ts';
import type { NamedTensors } from '../learner/named-tensors.ts';
import { train } from '../loop/train.ts';
import type { TrainingState } from '../loop/training-state.ts';
import { type LinearTask, linearOptions, linearSamples } from './linear-task.ts';
import type { LinearRun } from './oracle-run.ts';

/** Who trains a linear task. */
export interface LinearTrainer {
  /** A linear network with the task's first weights, and SGD with its momentum and decay. */
  readonly learner: Learner;
  readonly head: Head;
  /** Of the class centers. */
  readonly precision: 'float32' | 'float64';
  /** V, [d, F], and b, [d], in the learner's state. */
  parameters(state: NamedTensors): Pick<LinearRun, 'weight' | 'bias'>;
}

/** Runs a linear task by the loop of this package. */
export async function trainLinear(task: LinearTask, trainer: LinearTrainer): Promise<LinearRun> {
  const { learner, head, precision } = trainer;
  const [losses, learningRates]: [number[], number[]] = [[], []];
  let last: TrainingState | undefined;
  const options = linearOptions(task, precision);
  for await (const event of train({ learner, head, samples: linearSamples(task), options })) {
    if (event.type === 'step') {
      losses.push(event.metrics.loss);
      learningRates.push(event.metrics.learningRate);
    } else if (event.type === 'checkpoint') last = event.state;
  }
  const { centers, classBias, lossState } = last!;
  return {
    losses,
    learningRates,
    values: lossState.values,
    ...trainer.parameters(last!.learner),
    centers: centers.values,
    classBias: classBias?.values ?? [],
  };
}
