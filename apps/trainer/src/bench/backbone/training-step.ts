import { createTrainingSession, type Model, sizeOf } from '@cf/onnx';
import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { chooseKernels } from '../../engines/choose-kernels.ts';
import { activationsOf } from '../../engines/memory-choice.ts';
import { peakMiB, resetPeak } from '../memory.ts';
import { median, secondsOf } from '../timing.ts';
import { uniform, uniformFloats } from '../uniform.ts';
import type { BackboneTask, StepTimes } from './report.ts';

/** Times of a training step, and what it takes. */
export interface TrainingStep extends StepTimes {
  /** What computed it, such as `oneDNN 2.6.3`. */
  readonly computedBy: string;
  readonly parameters: number;
}

const WARM_UP = 2;

/**
 * Times forward in training mode, then backward from a fixed gradient of the embedding to all weights. The peak of the
 * process's memory counts from where runtime, model and pictures are there: in a fresh process it is that of training.
 *
 * @param side of the pictures
 */
export async function trainingStep(
  model: Model,
  side: number,
  task: Omit<BackboneTask, 'model' | 'side'>,
): Promise<TrainingStep> {
  const { batch, threads, runs, device = 'cpu', memory = 'normal' } = task;
  const optimiser = learnerOptimiser({ rule: sgd() });
  const shape = [batch, 3, side, side];
  const draw = uniform(1);
  const values = uniformFloats(batch * 3 * side * side, draw, 127.5);
  for (let i = 0; i < values.length; i++) values[i]! += 127.5;
  const choice = { choice: task.kernels ?? 'auto', device, threads, optimiser };
  const { part: kernels, name } = await chooseKernels(choice);
  // What is garbage by now is no part of what is there.
  globalThis.gc?.();
  resetPeak();
  const before = peakMiB();
  const session = await createTrainingSession({
    runtime,
    model,
    threads,
    optimiser,
    executionProviders: [device],
    activations: activationsOf(memory),
    ...(kernels !== undefined && { kernels }),
  });
  const times: { forward: number; backward: number; cpu: number }[] = [];
  let gradient: Float32Array | undefined;
  for (let step = 0; step < WARM_UP + runs; step++) {
    const cpuBefore = process.cpuUsage();
    let length = 0;
    const forward = await secondsOf(async () => {
      ({ length } = await session.forward({ values, shape, step, position: 0 }));
    });
    gradient ??= uniformFloats(length, draw);
    const given = gradient;
    const backward = await secondsOf(() => session.backward(given));
    const { user, system } = process.cpuUsage(cpuBefore);
    // Gradients add up until an update; its time is not part of the step.
    await session.update(0);
    times.push({ forward, backward, cpu: (user + system) / 1e6 });
  }
  const parameters = session.parameters.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
  const after = peakMiB();
  await session.dispose();
  const medianOf = (pick: (time: (typeof times)[number]) => number): number =>
    median(times.slice(WARM_UP).map(pick));
  return {
    computedBy: name,
    parameters,
    forwardSeconds: medianOf(({ forward }) => forward),
    backwardSeconds: medianOf(({ backward }) => backward),
    cpuSeconds: medianOf(({ cpu }) => cpu),
    imagesPerSecond: batch / medianOf(({ forward, backward }) => forward + backward),
    peakExtraMiB: before === undefined || after === undefined ? null : after - before,
  };
}
