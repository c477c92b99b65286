import * as tf from '@tensorflow/tfjs';

/**
 * One number a row, repeated across a row of `dim`: [rows, 1] → [rows, dim].
 *
 * The cpu backend is several times slower where it broadcasts over the last axis than where shapes are equal; a
 * product with ones makes them equal, and is exact.
 */
export function acrossRows(column: tf.Tensor, dim: number): tf.Tensor {
  return tf.matMul(column, tf.ones([1, dim]));
}
