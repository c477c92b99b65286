import { NORM_FLOOR } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { acrossRows } from '../ops/across-rows.ts';
import { hostView } from '../ops/host-memory.ts';
import { select } from '../ops/select.ts';

/**
 * What lengths are counted in where rows are divided by them. A row of float32 numbers may be longer than float32 can
 * say, and past 10³⁸ a GPU takes the reciprocal of a length for 0. A power of two, so nothing is rounded by it.
 */
const LENGTH_UNIT = 2 ** 16;

/** Lengths of the rows of a matrix in units of {@link LENGTH_UNIT}; [rows, 1] each. */
export type RowLengths = {
  /** ‖v‖. */
  readonly lengths: tf.Tensor;
  /** ‖v‖; for a zero vector a number that makes whatever is divided by it vanish. */
  readonly divisor: tf.Tensor;
  /** 1/‖v‖, 0 for a zero vector, so that whatever it multiplies is 0 there. */
  readonly inverse: tf.Tensor;
};

/** Rows of a matrix on the unit sphere (or as they are, for losses on inner products). */
export type UnitRows = {
  /** v/‖v‖, a zero row for a zero vector: [rows, d]. */
  readonly unit: tf.Tensor;
  /** ‖v‖, ∞ past the range of float32: [rows, 1]. */
  readonly norms: tf.Tensor;
  /** 1/‖v‖ in units of {@link LENGTH_UNIT}, 0 for a zero vector; 1 where v is not divided: [rows, 1]. */
  readonly inverse: tf.Tensor;
};

const LARGEST = 3e38;
/** Sums of squares between these have lost no digit to float32's range. */
const [LEAST_SQUARE, LARGEST_SQUARE] = [1e-25, 1e38];

/** Lengths of the rows of a matrix, [rows, d]. A vector shorter than {@link NORM_FLOOR} is a zero vector. */
export function rowLengths(values: tf.Tensor): RowLengths {
  const lengths = lengthsOf(values);
  const alive = tf.greaterEqual(lengths, tf.scalar(NORM_FLOOR / LENGTH_UNIT));
  const divisor = select(alive, lengths, tf.scalar(LARGEST));
  return {
    lengths,
    divisor,
    inverse: select(alive, tf.div(tf.scalar(1), divisor), tf.scalar(0)),
  };
}

/** Takes {@link LENGTH_UNIT} out of what was multiplied by an inverse length, or puts it into what a length will divide. */
export function perLengthUnit(values: tf.Tensor): tf.Tensor {
  return tf.mul(values, tf.scalar(1 / LENGTH_UNIT));
}

/**
 * Normalises the rows of a matrix, [rows, d].
 *
 * By a true division: a product with the reciprocal rounds twice, and where x̂ and ŵ nearly coincide the slope of an
 * angular margin makes 10⁶ of such a bit.
 */
export function unitRows(values: tf.Tensor): UnitRows {
  return tf.tidy(() => {
    const { lengths, divisor, inverse } = rowLengths(values);
    const unit = divideRows(perLengthUnit(values), divisor);
    return { unit, norms: normsOf(lengths), inverse };
  });
}

/** The rows as they are, in the same shape. */
export function plainRows(values: tf.Tensor): UnitRows {
  const inverse = tf.ones([values.shape[0]!, 1]);
  return { unit: values, norms: normsOf(lengthsOf(values)), inverse };
}

function normsOf(lengths: tf.Tensor): tf.Tensor {
  return tf.mul(lengths, tf.scalar(LENGTH_UNIT));
}

/**
 * ‖v‖ of each row in units of {@link LENGTH_UNIT}: [rows, d] → [rows, 1].
 *
 * Squares of entries past 10¹⁹ overflow float32, so rows are divided by their largest entry first, where that is
 * above 1. Below, squares keep their digits down to norms far under {@link NORM_FLOOR}.
 */
function lengthsOf(values: tf.Tensor): tf.Tensor {
  const view = hostView();
  if (view !== undefined) {
    // A look at the sums costs less than the largest entries, which few rows have use for.
    const squares = tf.sum(tf.square(values), 1, true);
    if (view(squares).every((square) => square > LEAST_SQUARE && square < LARGEST_SQUARE))
      return perLengthUnit(tf.sqrt(squares));
  }
  const largest = tf.maximum(tf.max(tf.abs(values), 1, true), tf.scalar(1));
  const squares = tf.sum(tf.square(divideRows(values, largest)), 1, true);
  return tf.mul(perLengthUnit(largest), tf.sqrt(squares));
}

function divideRows(rows: tf.Tensor, divisors: tf.Tensor): tf.Tensor {
  return tf.div(rows, acrossRows(divisors, rows.shape[1]!));
}
