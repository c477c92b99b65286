import { fillUniform, hashOfName, keyedNormal } from '@cf/core';

/** Where the first values of a weight come from. Each is a pure function of (seed, name, position). */
export interface Initialiser {
  /** N(0, std²). */
  normal(name: string, count: number, std: number): Float32Array;
  /** U(−bound, bound). */
  uniform(name: string, count: number, bound: number): Float32Array;
}

/** Values from a seed: a layer's do not depend on what other layers there are. */
export function seededInitialiser(seed: number): Initialiser {
  return {
    normal(name, count, std) {
      const key = hashOfName(name);
      return new Float32Array(count).map((_, i) => std * keyedNormal(seed, key, i));
    },
    uniform(name, count, bound) {
      const out = new Float32Array(count);
      fillUniform(out, seed, hashOfName(name));
      return out.map((u) => bound * (2 * u - 1));
    },
  };
}

/** Zeros, for an architecture whose weights will be loaded. */
export const zeroInitialiser: Initialiser = {
  normal: (_, count) => new Float32Array(count),
  uniform: (_, count) => new Float32Array(count),
};
