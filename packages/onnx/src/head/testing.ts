import type { HeadInput } from '@cf/core';
import * as runtime from 'onnxruntime-node';
import { type OnnxBackendOptions, onnxBackend } from './onnx-backend.ts';

/** A backend on one thread of the processor. */
export const open = (options: Partial<OnnxBackendOptions> = {}): ReturnType<typeof onnxBackend> =>
  onnxBackend({ runtime, threads: 1, ...options });

/** A batch of drawn numbers, without a seed of its own. @param size of their range. @param subCenters K */
export function problem(batch: number, classes: number, dim: number, size = 1, subCenters = 1): HeadInput {
  let seed = batch * 1009 + classes * 31 + dim;
  const next = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.fround((seed / 2 ** 31 - 1) * size);
  };
  return {
    embeddings: Float32Array.from({ length: batch * dim }, next),
    weights: Float32Array.from({ length: classes * subCenters * dim }, next),
    labels: Int32Array.from({ length: batch }, (_, i) => (i * 5) % classes),
    dim,
  };
}

/** Every embedding close to its class center. @param labelOf a class of its own for each sample by default */
export function learnt(
  batch: number,
  classes: number,
  dim: number,
  labelOf = (label: number): number => label,
): HeadInput {
  const all = problem(batch, classes, dim);
  const input = { ...all, labels: Int32Array.from(all.labels, (label) => labelOf(label)) };
  const embeddings = Float32Array.from(input.embeddings, (noise, at) => {
    const [i, k] = [Math.floor(at / dim), at % dim];
    return input.weights[input.labels[i]! * dim + k]! + 0.1 * noise;
  });
  return { ...input, embeddings, state: { loss: 'curricularface', values: { step: 0, t: 0.8 } } };
}

/** @param floor in one dimension nothing can turn: gradients are 0, but for rounding; errors are told in parts of this. */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 0.01): number {
  let [error, size] = [0, floor];
  for (let i = 0; i < expected.length; i++) {
    error = Math.max(error, Math.abs(actual[i]! - expected[i]!));
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return error / size;
}
