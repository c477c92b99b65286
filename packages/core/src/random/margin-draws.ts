/** A normal distribution of margins, seeded. */
export interface MarginDraws {
  readonly mean: number;
  readonly std: number;
  /** An integer; the same seed draws the same margins. */
  readonly seed: number;
}

/**
 * The margins of one step, one a sample. Each is keyed to (seed, step, sample), so neither the order of a batch nor
 * its split into micro-batches changes what a sample draws.
 *
 * @param step number of training steps before this one.
 * @param sampleKeys what identifies each sample: dataset indices, or positions in the batch: [B].
 * @returns margins: [B].
 */
export function drawMargins(draws: MarginDraws, step: number, sampleKeys: ArrayLike<number>): Float64Array {
  const out = new Float64Array(sampleKeys.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = draws.mean + draws.std * keyedNormal(draws.seed, step, sampleKeys[i]!);
  }
  return out;
}

/** A standard normal number that is a pure function of its three keys (Box–Muller on hashed uniforms). */
export function keyedNormal(seed: number, step: number, key: number): number {
  const base = mix(mix(mix(0x9e3779b9, seed), step), key);
  // In (0, 1]: the logarithm is finite.
  const u = (mix(base, 1) + 1) / 4294967296;
  const v = mix(base, 2) / 4294967296;
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}

/** One round of a 32-bit hash: the low and the high half of the key are stirred into the state. */
function mix(state: number, key: number): number {
  let h = state ^ (key | 0);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) ^ Math.floor(key / 4294967296);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 16)) >>> 0;
}
