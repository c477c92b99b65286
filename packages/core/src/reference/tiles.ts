import type { FloatArray } from '../head/contract.ts';
import { plainRows, type UnitRows, unitRows } from '../head/phases/unit-rows.ts';
import type { Geometry } from '../losses/margin-loss.ts';
import { clampCosine } from '../numerics.ts';
import { innerProducts } from './products.ts';

/**
 * Cosines of every sample with a run of classes (inner products with bias where the geometry is `inner`). The next tile
 * of the stream is written over it.
 */
export interface Tile {
  /** First class. */
  readonly start: number;
  readonly centers: UnitRows;
  /** [B, centers.count]. */
  readonly cosines: Float64Array;
}

/** Streams over tiles of classes. Asked again for the tile it made last, it hands out that one. */
export interface TileStream {
  readonly count: number;
  tile(index: number): Tile;
}

/** The tiles of W against the rows of X. */
export function tileStream(
  geometry: Geometry,
  x: UnitRows,
  weights: FloatArray,
  bias: FloatArray | undefined,
  tileSize: number,
): TileStream {
  const { dim } = x;
  const classes = weights.length / dim;
  const rowsOf = geometry === 'inner' ? plainRows : unitRows;
  const buffer = new Float64Array(x.count * Math.min(tileSize, classes));
  let last: Tile | undefined;
  return {
    count: Math.ceil(classes / tileSize),
    tile(index) {
      const start = index * tileSize;
      if (last?.start === start) return last;
      const centers = rowsOf(weights, dim, start, Math.min(start + tileSize, classes));
      const cosines = buffer.subarray(0, x.count * centers.count);
      innerProducts(x.unit, x.count, centers.unit, centers.count, dim, cosines);
      finish(geometry, cosines, centers.count, start, bias);
      last = { start, centers, cosines };
      return last;
    },
  };
}

function finish(
  geometry: Geometry,
  cosines: Float64Array,
  columns: number,
  start: number,
  bias: FloatArray | undefined,
): void {
  if (geometry !== 'inner') {
    for (let i = 0; i < cosines.length; i++) cosines[i] = clampCosine(cosines[i]!);
  } else if (bias !== undefined) {
    for (let i = 0; i < cosines.length; i++) cosines[i]! += bias[start + (i % columns)]!;
  }
}
