import { type Model, readWeights, splitGradient, type TrainingForm, trainingForm } from '@cf/onnx';
import { Tensor } from 'onnxruntime-node';
import type { StepTimes } from './report.ts';
import { dispose, type Feeds, open, randomFloats } from './session.ts';
import { median } from './timing.ts';

/** Times of a training step, and what it takes. */
export interface TrainingStep extends StepTimes {
  readonly parameters: number;
  readonly savedBytes: number;
}

/** Times forward in training mode, then backward from a fixed gradient of the embedding to all weights. */
export async function trainingStep(
  model: Model,
  batch: number,
  threads: number,
  runs: number,
  warmup: number = 2,
): Promise<TrainingStep> {
  const form = trainingForm(model);
  const wrt = form.parameters.map(({ name }) => name);
  const { forward, backward, saved } = splitGradient(form.model, { of: form.output, wrt, seed: 'seed' });
  const feeds = feedsOf(model, form, batch);
  const [there, back] = [await open(forward, threads), await open(backward, threads)];
  const times: { forward: number; backward: number; cpu: number }[] = [];
  let seed: Tensor | undefined;
  let savedBytes = 0;
  for (let run = 0; run < warmup + runs; run++) {
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const outputs = await there.run(feeds);
    const middle = performance.now();
    seed ??= randomFloats(outputs[form.output]!.dims, 5);
    savedBytes = saved.reduce((bytes, name) => bytes + bytesOf(outputs[name]!), 0);
    const given = { ...feeds, ...outputs, seed };
    const before = performance.now();
    const gradients = await back.run(
      Object.fromEntries(back.inputNames.map((name) => [name, given[name as keyof typeof given]])),
    );
    const end = performance.now();
    const { user, system } = process.cpuUsage(cpuBefore);
    dispose(outputs);
    dispose(gradients);
    const cpu = (user + system) / 1e6;
    if (run >= warmup) times.push({ forward: (middle - start) / 1000, backward: (end - before) / 1000, cpu });
  }
  await there.release();
  await back.release();
  return {
    parameters: form.parameters.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0),
    savedBytes,
    forwardSeconds: median(times.map((time) => time.forward)),
    backwardSeconds: median(times.map((time) => time.backward)),
    cpuSeconds: median(times.map((time) => time.cpu)),
    imagesPerSecond: batch / median(times.map((time) => time.forward + time.backward)),
  };
}

function bytesOf({ data }: Tensor): number {
  return (data as Float32Array).byteLength;
}

/** Images, weights, statistics, and masks that keep everything. */
function feedsOf(model: Model, form: TrainingForm, batch: number): Feeds {
  const weights = readWeights(
    model,
    [...form.parameters, ...form.statistics].map(({ name }) => name),
  );
  const feeds = form.model.graph!.input.map((input) => {
    const weight = weights.get(input.name);
    if (weight !== undefined)
      return [input.name, new Tensor('float32', weight.data as Float32Array, weight.dims)];
    const { value } = input.type!.value as { value: { shape: { dim: readonly Dim[] } } };
    const dims = value.shape.dim.map((dim) =>
      dim.value.case === 'dimValue' ? Number(dim.value.value) : batch,
    );
    const isImage = dims.length === 4;
    return [input.name, randomFloats(dims, 3, isImage ? (u) => 127.5 * (1 + u) : () => 1)];
  });
  return Object.fromEntries(feeds);
}

interface Dim {
  readonly value: { readonly case?: string; readonly value?: unknown };
}
