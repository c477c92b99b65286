import { MOST_CLASSES } from '../simd/row-layout.ts';

/** How the classes are cut into tiles. */
export interface TilePlan {
  /** Classes a tile; the last one may have fewer. */
  readonly tileSize: number;
  readonly count: number;
  /** How many tiles, from the first, pass 1 keeps for pass 2 in memory of its own. */
  readonly kept: number;
  /**
   * Whether the slopes of the others, [B, n·K] a tile, wait for pass 2 in ∂W, as they do where they fit into the tile's rows,
   * [n·K, d]. If not, they are computed again.
   */
  readonly stored: boolean;
}

/** What limits a plan, in bytes. */
export interface TileLimits {
  /**
   * Memory that one matrix of batch × rows of a tile should fit into: the processor's cache. The rows themselves, and what
   * pass 2 makes of them, may take twice as much each.
   */
  readonly cacheBytes: number;
  /** Memory for what pass 1 keeps outside of ∂W. */
  readonly keepBytes: number;
}

/** What is cut. */
export interface TiledShape {
  readonly batch: number;
  readonly classes: number;
  readonly dim: number;
  /** K rows a class, which stay together. Default 1. */
  readonly subCenters?: number;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Fewer rows make matrix products slow. */
const LEAST = 256;
const MOST = 16_384;

/**
 * Cuts `classes` into tiles: as many as have their rows in the largest power of two whose matrix of cosines fits the cache,
 * and whose rows fit twice of it, unless a number of classes is given; at most `MOST_CLASSES`.
 *
 * @param keeps whether there is a pass 2 that has a use for slopes of pass 1. @param stores whether there is a ∂W for them.
 */
export function tilePlan(
  { batch, classes, dim, subCenters = 1 }: TiledShape,
  limits: TileLimits,
  {
    given,
    keeps = true,
    stores = true,
  }: { readonly given?: number | undefined; readonly keeps?: boolean; readonly stores?: boolean } = {},
): TilePlan {
  const most = limits.cacheBytes / (BYTES * Math.max(batch, dim / 2));
  const fitting = 2 ** Math.floor(Math.log2(most));
  const rows = Math.min(Math.max(fitting, LEAST), MOST);
  const tileSize = Math.min(given ?? Math.max(Math.floor(rows / subCenters), 1), MOST_CLASSES, classes);
  const count = Math.ceil(classes / tileSize);
  if (!keeps) return { tileSize, count, kept: 0, stored: false };
  const fitIn = Math.floor(limits.keepBytes / (BYTES * batch * tileSize * subCenters));
  const stored = stores && batch <= dim;
  // In ∂W, slopes lie where the tile before will have its rows: the first one has none.
  const kept = Math.min(stored ? Math.max(fitIn, 1) : fitIn, count);
  return { tileSize, count, kept, stored };
}
