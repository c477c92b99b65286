/** How the classes are cut into tiles. */
export interface TilePlan {
  /** Classes a tile; the last one may have fewer. */
  readonly tileSize: number;
  readonly count: number;
  /** How many tiles, from the first, pass 1 keeps for pass 2; the others are computed again. */
  readonly kept: number;
}

/** What limits a plan, in bytes. */
export interface TileLimits {
  /** Memory that one matrix of batch × tile size should fit into: the processor's cache. */
  readonly cacheBytes: number;
  /** Memory for what pass 1 keeps. */
  readonly keepBytes: number;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Fewer classes make matrix products slow. */
const LEAST = 256;
const MOST = 16_384;

/**
 * Cuts `classes` into tiles: the largest power of two whose matrix of cosines fits the cache, unless a size is given.
 */
export function tilePlan(batch: number, classes: number, limits: TileLimits, given?: number): TilePlan {
  const fitting = 2 ** Math.floor(Math.log2(limits.cacheBytes / (BYTES * batch)));
  const tileSize = Math.min(given ?? Math.min(Math.max(fitting, LEAST), MOST), classes);
  const count = Math.ceil(classes / tileSize);
  const kept = Math.floor(limits.keepBytes / (BYTES * batch * tileSize));
  return { tileSize, count, kept: Math.min(kept, count) };
}
