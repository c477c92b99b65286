import * as tf from '@tensorflow/tfjs';

/**
 * The largest entry of each column: [rows, columns] → [columns].
 *
 * On wasm as max pooling, which runs along the columns with SIMD; `tf.max` would transpose the matrix first.
 */
export function maxOverRows(matrix: tf.Tensor): tf.Tensor {
  if (tf.getBackend() !== 'wasm') return tf.max(matrix, 0);
  const [rows, columns] = matrix.shape as [number, number];
  const image = tf.reshape(matrix, [1, rows, 1, columns]) as tf.Tensor4D;
  return tf.reshape(tf.maxPool(image, [rows, 1], 1, 'valid'), [columns]);
}
