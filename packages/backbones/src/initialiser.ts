import { fillUniform, hashOfName, keyedNormal } from '@cf/core';

/** What the first numbers of a weight are drawn from: N(0, std²) or U(−bound, bound). */
export type Distribution = { readonly std: number } | { readonly bound: number };

/** Draws the first numbers of a weight: a pure function of (name, position), whatever other layers there are. */
export type Initialiser = (name: string, count: number, distribution: Distribution) => Float32Array;

/** Values from a seed. */
export function seededInitialiser(seed: number): Initialiser {
  return (name, count, distribution) => {
    const key = hashOfName(name);
    const out = new Float32Array(count);
    if ('std' in distribution) return out.map((_, i) => distribution.std * keyedNormal(seed, key, i));
    fillUniform(out, seed, key);
    return out.map((u) => distribution.bound * (2 * u - 1));
  };
}

/** Zeros, for an architecture whose weights will be loaded. */
export const zeroInitialiser: Initialiser = (_, count) => new Float32Array(count);
