/** How the classes are cut into tiles. */
export interface TilePlan {
  /** Classes a tile; the last one may have fewer. */
  readonly tileSize: number;
  readonly count: number;
  /** How many tiles, from the first, pass 1 keeps for pass 2 in memory of its own. */
  readonly kept: number;
  /**
   * Whether the slopes of the others, [B, n] a tile, wait for pass 2 in ∂W, as they do where they fit into the tile's rows,
   * [n, d]. If not, they are computed again.
   */
  readonly stored: boolean;
}

/** What limits a plan, in bytes. */
export interface TileLimits {
  /** Memory that one matrix of batch × tile size should fit into: the processor's cache. */
  readonly cacheBytes: number;
  /** Memory for what pass 1 keeps outside of ∂W. */
  readonly keepBytes: number;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Fewer classes make matrix products slow. */
const LEAST = 256;
const MOST = 16_384;

/**
 * Cuts `classes` into tiles: the largest power of two whose matrix of cosines fits the cache, unless a size is given.
 */
export function tilePlan(
  { batch, classes, dim }: { readonly batch: number; readonly classes: number; readonly dim: number },
  limits: TileLimits,
  given?: number,
): TilePlan {
  const fitting = 2 ** Math.floor(Math.log2(limits.cacheBytes / (BYTES * batch)));
  const tileSize = Math.min(given ?? Math.min(Math.max(fitting, LEAST), MOST), classes);
  const count = Math.ceil(classes / tileSize);
  const fitIn = Math.floor(limits.keepBytes / (BYTES * batch * tileSize));
  const stored = batch <= dim;
  // In ∂W, slopes lie where the tile before will have its rows: the first one has none.
  const kept = Math.min(stored ? Math.max(fitIn, 1) : fitIn, count);
  return { tileSize, count, kept, stored };
}
