import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { expect } from 'vitest';

/** A tensor as numbers, so that each backend gets its own copy. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Numbers in [−1, 1) that depend on the seed alone. */
export function randomValues(shape: readonly number[], seed: number): Values {
  const values = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
  let state = (seed ^ 0x9e3779b9) >>> 0;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 31 - 1;
  }
  return { shape, values };
}

/** Runs a kernel on one backend, and checks that nothing but the result is left in memory, and nothing after it. */
export async function runKernel(
  backend: 'cpu' | 'wasm',
  kernel: string,
  inputs: Readonly<Record<string, Values>>,
  attributes: object,
): Promise<Values> {
  await tf.setBackend(backend);
  const before = memory();
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, values }]) => [name, tf.tensor(values, [...shape])]),
  );
  const filled = memory();
  const result = tf.engine().runKernel(kernel, tensors, attributes as tf.NamedAttrMap) as tf.Tensor;
  expect(memory().tensors - filled.tensors).toBe(1);
  const values = (await result.data()) as Float32Array;
  const { shape } = result;
  tf.dispose([result, tensors]);
  expect(memory()).toEqual(before);
  return { shape, values };
}

/** The kernel on wasm gives what it gives on cpu, to rounding of sums of `terms` products of numbers up to 1. */
export async function expectAsOnCpu(
  kernel: string,
  inputs: Readonly<Record<string, Values>>,
  attributes: object,
  terms: number,
): Promise<void> {
  const expected = await runKernel('cpu', kernel, inputs, attributes);
  const actual = await runKernel('wasm', kernel, inputs, attributes);
  expect(actual.shape).toEqual(expected.shape);
  expect(maxDifference(actual.values, expected.values)).toBeLessThanOrEqual(terms * 2 ** -23);
}

/** Largest |a − b|; NaN if there is one. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
}

function memory(): { tensors: number; buffers: number; data: number } {
  const { numTensors, numDataBuffers } = tf.memory();
  return { tensors: numTensors, buffers: numDataBuffers, data: tf.backend().numDataIds() };
}
