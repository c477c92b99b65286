import { encodeModel, type Model } from '@cf/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export type Feeds = Readonly<Record<string, Tensor>>;

/** A model opened on the CPU. */
export function open(model: Model, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(encodeModel(model), { intraOpNumThreads: threads, logSeverityLevel: 3 });
}

/** Numbers uniform in [−1, 1), or scaled and shifted, from a small generator: the same every time. */
export function randomFloats(
  dims: readonly number[],
  seed: number,
  map: (u: number) => number = (u) => u,
): Tensor {
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = map(state / 2 ** 31 - 1);
  }
  return new Tensor('float32', data, dims);
}

/** Gives results back at once instead of waiting for the garbage collector. */
export function dispose(values: Feeds): void {
  for (const value of Object.values(values)) value.dispose();
}
