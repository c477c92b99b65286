import * as tf from '@tensorflow/tfjs-core';

/**
 * One number a row, to go with rows of `columns` entries: [rows, 1], or repeated to [rows, columns].
 *
 * The cpu backend is several times slower where it broadcasts over the last axis than where shapes are equal; a
 * product with ones makes them equal, and is exact. Other backends broadcast at no cost.
 */
export function acrossRows(column: tf.Tensor, columns: number): tf.Tensor {
  return tf.getBackend() === 'cpu' ? tf.matMul(column, tf.ones([1, columns])) : column;
}
