/**
 * Numbers uniform in [0, 1) that are pure functions of their keys and their position: whoever fills the first half
 * of an array, or all of it, gets the same first half.
 *
 * @param keys integers, as (seed, step, sample)
 */
export function fillUniform(out: Float32Array, ...keys: readonly number[]): void {
  const base = keys.reduce(stir, 0x9e3779b9);
  // 24 bits, as many as a float32 below 1 can tell apart.
  for (let i = 0; i < out.length; i++) out[i] = (finish(base + Math.imul(i, 0x9e3779b9)) >>> 8) / 2 ** 24;
}

/** 32 bits of a name, the same everywhere (FNV-1a). */
export function hashOfName(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function stir(state: number, key: number): number {
  return finish(finish(state ^ (key | 0)) + Math.floor(key / 2 ** 32));
}

/** The finalizer of MurmurHash3: every bit of the input moves half of the output's. */
function finish(state: number): number {
  let hash = state | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
