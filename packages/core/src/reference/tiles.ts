import type { BatchContext } from '../head/phases/open-batch.ts';
import { plainRows, type UnitRows, unitRows } from '../head/phases/unit-rows.ts';
import { clampCosine } from '../numerics.ts';
import { innerProducts } from './products.ts';

/**
 * Cosines of every sample with a run of classes (inner products with bias where the geometry is `inner`). The next tile
 * of the stream is written over it.
 */
export interface Tile {
  /** First class. */
  readonly start: number;
  /** Number of classes, n. */
  readonly count: number;
  /** Their class centers: [n·K, d]. */
  readonly centers: UnitRows;
  /** Of sub-centers the largest: [B, n]. */
  readonly cosines: Float64Array;
  /** Which of its class's K rows that is: [B, n]. Undefined where there is one a class. */
  readonly winners: Int32Array | undefined;
}

/** Streams over tiles of classes. Asked again for the tile it made last, it hands out that one. */
export interface TileStream {
  readonly count: number;
  tile(index: number): Tile;
}

/** What tiles are made of. */
export type TileSource = Pick<
  BatchContext,
  'loss' | 'x' | 'weights' | 'bias' | 'classes' | 'subCenters' | 'sharedTiles'
>;

/** The tiles of W against the rows of X, whole classes each. */
export function tileStream(source: TileSource, tileSize: number): TileStream {
  const { loss, x, weights, classes, subCenters, sharedTiles } = source;
  const { dim } = x;
  const rowsOf = loss.geometry === 'inner' ? plainRows : unitRows;
  const buffer = new Float64Array(x.count * Math.min(tileSize, classes) * subCenters);
  let last: Tile | undefined;
  return {
    count: Math.ceil(classes / tileSize),
    tile(index) {
      const start = index * tileSize;
      if (last?.start === start) return last;
      const end = Math.min(start + tileSize, classes);
      const centers = rowsOf(weights, dim, start * subCenters, end * subCenters);
      const products = buffer.subarray(0, x.count * centers.count);
      const key = `reference ${loss.geometry === 'inner' ? 'x' : 'x/‖x‖'} ${start * subCenters} ${centers.count}`;
      if (!sharedTiles?.take(key, [products])) {
        innerProducts(x.unit, x.count, centers.unit, centers.count, dim, products);
        sharedTiles?.leave(key, [products]);
      }
      const nearest =
        subCenters === 1 ? { cosines: products, winners: undefined } : winning(products, subCenters);
      finish(source, nearest.cosines, end - start, start);
      last = { start, count: end - start, centers, ...nearest };
      return last;
    },
  };
}

/** The largest product of each class, and its row; of equal ones the first. */
function winning(products: Float64Array, subCenters: number): { cosines: Float64Array; winners: Int32Array } {
  const cosines = new Float64Array(products.length / subCenters);
  const winners = new Int32Array(cosines.length);
  for (let at = 0; at < cosines.length; at++) {
    const first = at * subCenters;
    let best = 0;
    for (let k = 1; k < subCenters; k++) if (products[first + k]! > products[first + best]!) best = k;
    cosines[at] = products[first + best]!;
    winners[at] = best;
  }
  return { cosines, winners };
}

function finish({ loss, bias }: TileSource, cosines: Float64Array, columns: number, start: number): void {
  if (loss.geometry !== 'inner') {
    for (let i = 0; i < cosines.length; i++) cosines[i] = clampCosine(cosines[i]!);
  } else if (bias !== undefined) {
    for (let i = 0; i < cosines.length; i++) cosines[i]! += bias[start + (i % columns)]!;
  }
}
