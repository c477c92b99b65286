import { NORM_FLOOR } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { acrossRows } from './across-rows.ts';
import { hostView } from './host-memory.ts';
import { select } from './select.ts';

/** Lengths of the rows of a matrix; [rows, 1] each. */
export type RowLengths = {
  /** ‖v‖. */
  readonly norms: tf.Tensor;
  /** ‖v‖; for a zero vector a number that makes whatever is divided by it vanish. */
  readonly divisor: tf.Tensor;
  /** 1/‖v‖, 0 for a zero vector, so that whatever it multiplies is 0 there. */
  readonly inverse: tf.Tensor;
};

/** Rows of a matrix on the unit sphere (or as they are, for losses on inner products). */
export type UnitRows = {
  /** v/‖v‖, a zero row for a zero vector: [rows, d]. */
  readonly unit: tf.Tensor;
  /** ‖v‖: [rows, 1]. */
  readonly norms: tf.Tensor;
  /** 1/‖v‖, 0 for a zero vector: [rows, 1]. */
  readonly inverse: tf.Tensor;
};

const LARGEST = 3e38;
/** Sums of squares between these have lost no digit to float32's range. */
const [LEAST_SQUARE, LARGEST_SQUARE] = [1e-25, 1e38];

/** Lengths of the rows of a matrix, [rows, d]. A vector shorter than {@link NORM_FLOOR} is a zero vector. */
export function rowLengths(values: tf.Tensor): RowLengths {
  const norms = rowNorms(values);
  const alive = tf.greaterEqual(norms, tf.scalar(NORM_FLOOR));
  const divisor = select(alive, norms, tf.scalar(LARGEST));
  return {
    norms,
    divisor,
    inverse: select(alive, tf.div(tf.scalar(1), divisor), tf.scalar(0)),
  };
}

/**
 * Normalises the rows of a matrix, [rows, d].
 *
 * By a true division: a product with the reciprocal rounds twice, and where x̂ and ŵ nearly coincide the slope of an
 * angular margin makes 10⁶ of such a bit.
 */
export function unitRows(values: tf.Tensor): UnitRows {
  const { norms, divisor, inverse } = rowLengths(values);
  return { unit: divideRows(values, divisor), norms, inverse };
}

/** The rows as they are, in the same shape. */
export function plainRows(values: tf.Tensor): UnitRows {
  return { unit: values, norms: rowNorms(values), inverse: tf.ones([values.shape[0]!, 1]) };
}

/**
 * ‖v‖ of each row: [rows, d] → [rows, 1].
 *
 * Squares of entries past 10¹⁹ overflow float32, so rows are divided by their largest entry first, where that is
 * above 1. Below, squares keep their digits down to norms far under {@link NORM_FLOOR}.
 */
function rowNorms(values: tf.Tensor): tf.Tensor {
  const view = hostView();
  if (view !== undefined) {
    // A look at the sums costs less than the largest entries, which few rows have use for.
    const squares = tf.sum(tf.square(values), 1, true);
    if (view(squares).every((square) => square > LEAST_SQUARE && square < LARGEST_SQUARE))
      return tf.sqrt(squares);
  }
  const largest = tf.maximum(tf.max(tf.abs(values), 1, true), tf.scalar(1));
  const squares = tf.sum(tf.square(divideRows(values, largest)), 1, true);
  return tf.mul(largest, tf.sqrt(squares));
}

function divideRows(rows: tf.Tensor, divisors: tf.Tensor): tf.Tensor {
  return tf.div(rows, acrossRows(divisors, rows.shape[1]!));
}
