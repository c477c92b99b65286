import * as tf from '@tensorflow/tfjs-core';

/**
 * The largest entry of each column: [rows, columns] → [columns].
 *
 * `tf.max` would transpose the matrix first. On wasm as max pooling, which runs along the columns with SIMD; on webgpu as
 * two of them, of which the first has enough windows for all threads.
 */
export function maxOverRows(matrix: tf.Tensor): tf.Tensor {
  const backend = tf.getBackend();
  if (backend !== 'wasm' && backend !== 'webgpu') return tf.max(matrix, 0);
  const [rows, columns] = matrix.shape as [number, number];
  // A window of one entry is refused by the wasm backend of tfjs 4.0.
  if (rows === 1) return tf.reshape(matrix, [columns]);
  const image = tf.reshape(matrix, [1, rows, 1, columns]) as tf.Tensor4D;
  if (backend === 'wasm') return tf.reshape(tf.maxPool(image, [rows, 1], 1, 'valid'), [columns]);
  const window = Math.ceil(Math.sqrt(rows));
  const some = tf.maxPool(image, [window, 1], [window, 1], 'same');
  return tf.reshape(tf.maxPool(some, [some.shape[1], 1], 1, 'valid'), [columns]);
}
