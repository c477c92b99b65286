import type { FloatArray } from '../head/contract.ts';
import { NORM_FLOOR } from '../numerics.ts';

/** Rows of a matrix on the unit sphere. */
export interface UnitRows {
  readonly count: number;
  readonly dim: number;
  /** v/‖v‖, a zero row for a zero vector: [count, dim]. */
  readonly unit: Float64Array;
  /** ‖v‖: [count]. */
  readonly norms: Float64Array;
  /** 1/‖v‖, 0 for a zero vector, so that whatever it multiplies is 0 there: [count]. */
  readonly inverse: Float64Array;
}

/**
 * Normalises rows `start` to `end` of a row-major matrix. A vector shorter than {@link NORM_FLOOR} is a zero vector.
 */
export function unitRows(values: FloatArray, dim: number, start: number, end: number): UnitRows {
  const count = end - start;
  const unit = new Float64Array(count * dim);
  const norms = new Float64Array(count);
  const inverse = new Float64Array(count);
  for (let r = 0; r < count; r++) {
    const from = (start + r) * dim;
    // Divided by the largest entry first: squares of very large or small entries stay in range.
    let largest = 0;
    for (let k = 0; k < dim; k++) largest = Math.max(largest, Math.abs(values[from + k]!));
    if (largest === 0) continue;
    let squares = 0;
    for (let k = 0; k < dim; k++) squares += (values[from + k]! / largest) ** 2;
    const relative = Math.sqrt(squares);
    norms[r] = largest * relative;
    if (norms[r]! < NORM_FLOOR) continue;
    inverse[r] = 1 / norms[r]!;
    for (let k = 0; k < dim; k++) unit[r * dim + k] = values[from + k]! / largest / relative;
  }
  return { count, dim, unit, norms, inverse };
}

/** The rows as they are, in the same shape: for losses on inner products. */
export function plainRows(values: FloatArray, dim: number, start: number, end: number): UnitRows {
  const count = end - start;
  const { norms } = unitRows(values, dim, start, end);
  return {
    count,
    dim,
    unit: Float64Array.from(values.subarray(start * dim, end * dim)),
    norms,
    inverse: new Float64Array(count).fill(1),
  };
}
