import { createTrainingSession, type Model } from '@cf/onnx';
import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import type { StepTimes } from './report.ts';
import { median } from './timing.ts';

/** Times of a training step, and what it takes. */
export interface TrainingStep extends StepTimes {
  readonly parameters: number;
}

/** Times forward in training mode, then backward from a fixed gradient of the embedding to all weights. */
export async function trainingStep(
  model: Model,
  batch: number,
  threads: number,
  runs: number,
  warmup: number = 2,
): Promise<TrainingStep> {
  const session = await createTrainingSession({
    runtime,
    model,
    threads,
    optimiser: learnerOptimiser({ rule: sgd() }),
  });
  const shape = [batch, ...imageShape(model)];
  const images = uniform(shape.reduce((product, dim) => product * dim, 1)).map((u) => 127.5 * (1 + u));
  const times: { forward: number; backward: number; cpu: number }[] = [];
  let gradient: Float32Array | undefined;
  for (let run = 0; run < warmup + runs; run++) {
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const embeddings = await session.forward({ values: images, shape, step: run, position: 0 });
    const middle = performance.now();
    gradient ??= uniform(embeddings.length);
    await session.backward(gradient);
    const end = performance.now();
    const { user, system } = process.cpuUsage(cpuBefore);
    // Gradients add up until an update; its time is not part of the step.
    await session.update(0);
    if (run < warmup) continue;
    const cpu = (user + system) / 1e6;
    times.push({ forward: (middle - start) / 1000, backward: (end - middle) / 1000, cpu });
  }
  const parameters = session.parameters.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0);
  await session.dispose();
  return {
    parameters,
    forwardSeconds: median(times.map((time) => time.forward)),
    backwardSeconds: median(times.map((time) => time.backward)),
    cpuSeconds: median(times.map((time) => time.cpu)),
    imagesPerSecond: batch / median(times.map((time) => time.forward + time.backward)),
  };
}

/** Channels, rows and columns of the model's pictures. */
function imageShape(model: Model): number[] {
  const { value } = model.graph!.input[0]!.type!.value as { value: { shape: { dim: readonly Dim[] } } };
  return value.shape.dim.slice(1).map((dim) => Number(dim.value.value));
}

/** Numbers in [−1, 1), the same every time. */
function uniform(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

interface Dim {
  readonly value: { readonly value?: unknown };
}
