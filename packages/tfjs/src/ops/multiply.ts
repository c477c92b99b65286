import * as tf from '@tensorflow/tfjs-core';

/**
 * aᵀ·b: [n, rows], [n, columns] → [rows, columns].
 *
 * The wasm backend multiplies plain matrices ten times faster than those it is told to transpose. It packs the right
 * operand of every product first, which costs more than transposing the left one: `b` should be the smaller.
 */
export function transposedProduct(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.getBackend() === 'wasm' ? tf.matMul(tf.transpose(a), b) : tf.matMul(a, b, true);
}
