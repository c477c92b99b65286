import { sizeOf } from '../model/dims.ts';
import type { TensorData } from '../model/tensor.ts';

/** Numbers from a small linear congruential generator, uniform in [0, 1). */
export function uniform(seed: number): () => number {
  let state = (Math.imul(seed, 2654435761) ^ 0x9e3779b9) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Keeps away from kinks: |x − kink| ≥ 0.1. */
export function awayFrom(x: number, ...kinks: readonly number[]): number {
  const near = kinks.find((kink) => Math.abs(x - kink) < 0.1);
  return near === undefined ? x : near + 0.15;
}

export type FloatName = 'float32' | 'float64';

/** A tensor filled by a function of a uniform number; uniform in [−1, 1) by default. */
export function randomTensor(
  type: FloatName,
  dims: readonly number[],
  seed: number,
  map: (u: number) => number = (u) => 2 * u - 1,
): TensorData {
  const next = uniform(seed);
  const numbers = Array.from({ length: sizeOf(dims) }, () => map(next()));
  return type === 'float64'
    ? { type, dims, data: Float64Array.from(numbers) }
    : { type, dims, data: Float32Array.from(numbers) };
}

/** An int64 vector. */
export function indices(...numbers: readonly number[]): TensorData {
  return { type: 'int64', dims: [numbers.length], data: BigInt64Array.from(numbers, BigInt) };
}

/** A scalar. */
export function scalar(type: FloatName, number: number): TensorData {
  return type === 'float64'
    ? { type, dims: [], data: Float64Array.of(number) }
    : { type, dims: [], data: Float32Array.of(number) };
}
