import { ShapeMismatchError } from '@cf/core';

/** Points seen along the directions in which they differ most. */
export interface PrincipalPlane {
  /** Coordinates, row-major: [N, 2]. */
  readonly points: Float64Array;
  /** Share of all variance along each direction. */
  readonly shares: readonly [number, number];
}

const ITERATIONS = 200;

/**
 * Principal component analysis to two dimensions, by power iteration; each direction points to where its largest number is
 * positive.
 *
 * @param rows [N, dim], such as embeddings of unit length.
 * @throws ShapeMismatchError if the rows are not whole
 */
export function principalPlane(rows: ArrayLike<number>, dim: number): PrincipalPlane {
  if (!(Number.isInteger(dim) && dim > 0 && rows.length % dim === 0))
    throw new ShapeMismatchError(`${rows.length} numbers`, `rows of ${dim}`);
  const count = rows.length / dim;
  const centered = Float64Array.from(rows);
  for (let k = 0; k < dim; k++) {
    let mean = 0;
    for (let i = 0; i < count; i++) mean += centered[i * dim + k]! / count;
    for (let i = 0; i < count; i++) centered[i * dim + k]! -= mean;
  }
  const total = centered.reduce((sum, x) => sum + x * x, 0);
  const points = new Float64Array(2 * count);
  const shares: [number, number] = [0, 0];
  for (const axis of [0, 1] as const) {
    const direction = topDirection(centered, count, dim);
    for (let i = 0; i < count; i++) {
      let along = 0;
      for (let k = 0; k < dim; k++) along += centered[i * dim + k]! * direction[k]!;
      points[2 * i + axis] = along;
      shares[axis] += total === 0 ? 0 : (along * along) / total;
      // What is left is across it.
      for (let k = 0; k < dim; k++) centered[i * dim + k]! -= along * direction[k]!;
    }
  }
  return { points, shares };
}

/** The unit vector along which the rows vary most. */
function topDirection(rows: Float64Array, count: number, dim: number): Float64Array {
  // Not along any axis, so that it has some of every direction.
  let direction = unit(Float64Array.from({ length: dim }, (_, k) => 1 + ((k * 7919) % 101) / 101));
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const next = new Float64Array(dim);
    for (let i = 0; i < count; i++) {
      let along = 0;
      for (let k = 0; k < dim; k++) along += rows[i * dim + k]! * direction[k]!;
      for (let k = 0; k < dim; k++) next[k]! += along * rows[i * dim + k]!;
    }
    if (next.every((x) => x === 0)) break;
    direction = unit(next);
  }
  const largest = direction.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
  return largest < 0 ? direction.map((x) => -x) : direction;
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}
