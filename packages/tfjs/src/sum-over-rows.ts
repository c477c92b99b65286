import * as tf from '@tensorflow/tfjs';

/**
 * Σ over the first axis: [rows, columns] → [columns].
 *
 * As a product with ones where the backend transposes the whole matrix to reduce over its first axis.
 */
export function sumOverRows(matrix: tf.Tensor): tf.Tensor {
  if (tf.getBackend() !== 'cpu' && tf.getBackend() !== 'wasm') return tf.sum(matrix, 0);
  return tf.reshape(tf.matMul(tf.ones([1, matrix.shape[0]!]), matrix), [-1]);
}
