import { fillUniform, hashOfName, keyedNormal } from '@cf/core';

import type { NamedWeight } from './weight-layout.ts';

interface DrawWeights {
  /** N(0, std²). */
  normal(seed: number, name: string, dims: readonly number[], std: number): [string, NamedWeight];
  /** U(−bound, bound). */
  uniform(seed: number, name: string, dims: readonly number[], bound: number): [string, NamedWeight];
}

/** Where the first values of a weight come from: pure functions of (seed, name, position), the same as `@cf/onnx` has. */
export const drawWeights: DrawWeights = {
  normal(seed, name, dims, std) {
    const key = hashOfName(name);
    const data = new Float32Array(count(dims)).map((_, i) => std * keyedNormal(seed, key, i));
    return [name, { dims, data }];
  },
  uniform(seed, name, dims, bound) {
    const data = new Float32Array(count(dims));
    fillUniform(data, seed, hashOfName(name));
    return [name, { dims, data: data.map((u) => bound * (2 * u - 1)) }];
  },
};

function count(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
