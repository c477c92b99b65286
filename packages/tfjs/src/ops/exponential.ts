import * as tf from '@tensorflow/tfjs-core';

/** Above e^0, rounded in whatever way. */
const LARGEST = 2;

/**
 * e^{logit − shift} where no logit exceeds its shift: [rows, B], [B].
 *
 * The webgl backend packs four entries into one and computes beside the matrix what its sides lack to even numbers. A
 * product of odd matrices reads that, times 0, so it must be finite: where a sample has no negative yet it would not be.
 */
export function exponential(logits: tf.Tensor, shift: tf.Tensor): tf.Tensor {
  const exp = tf.exp(tf.sub(logits, shift));
  return tf.getBackend() === 'webgl' ? tf.clipByValue(exp, 0, LARGEST) : exp;
}
