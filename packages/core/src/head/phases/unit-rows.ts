import { NORM_FLOOR } from '../../numerics.ts';
import type { FloatArray } from '../contract.ts';

/**
 * Where arrays come from: zeroed, of the given length. Fresh ones by default; a head that runs many steps may hand out
 * those of the step before.
 */
export type Allocate = (length: number) => Float64Array;

/** Fresh arrays. */
export const freshArray: Allocate = (length) => new Float64Array(length);

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

/** A power of two that brings a row into the range where squares neither vanish nor overflow. */
function inRange(largest: number): number {
  if (largest < 2 ** -400) return 2 ** 600;
  return largest > 2 ** 400 ? 2 ** -600 : 1;
}

/** Between these, no entry of a row of any length was out of the range of {@link inRange}. */
const LEAST_SQUARES = 2 ** -700;
const MOST_SQUARES = 2 ** 800;

function sumOfSquares(values: FloatArray, from: number, dim: number, factor: number): number {
  let sum = 0;
  for (let k = from; k < from + dim; k++) sum += (values[k]! * factor) ** 2;
  return sum;
}

/**
 * Normalises rows `start` to `end` of a row-major matrix. A vector shorter than {@link NORM_FLOOR} is a zero vector.
 */
export function unitRows(
  values: FloatArray,
  dim: number,
  start: number,
  end: number,
  allocate: Allocate = freshArray,
): UnitRows {
  const count = end - start;
  const unit = allocate(count * dim);
  const norms = allocate(count);
  const inverse = allocate(count);
  for (let r = 0; r < count; r++) {
    const from = (start + r) * dim;
    let factor = 1;
    let squares = sumOfSquares(values, from, dim, factor);
    if (!(squares > LEAST_SQUARES && squares < MOST_SQUARES)) {
      let largest = 0;
      for (let k = 0; k < dim; k++) largest = Math.max(largest, Math.abs(values[from + k]!));
      if (largest === 0) continue;
      factor = inRange(largest);
      squares = sumOfSquares(values, from, dim, factor);
    }
    const relative = Math.sqrt(squares);
    norms[r] = relative / factor;
    if (norms[r]! < NORM_FLOOR) continue;
    inverse[r] = 1 / norms[r]!;
    for (let k = 0; k < dim; k++) unit[r * dim + k] = (values[from + k]! * factor) / relative;
  }
  return { count, dim, unit, norms, inverse };
}

/** The rows as they are, in the same shape: for losses on inner products. */
export function plainRows(
  values: FloatArray,
  dim: number,
  start: number,
  end: number,
  allocate: Allocate = freshArray,
): UnitRows {
  const { count, unit, norms, inverse } = unitRows(values, dim, start, end, allocate);
  unit.set(values.subarray(start * dim, end * dim));
  return { count, dim, unit, norms, inverse: inverse.fill(1) };
}
