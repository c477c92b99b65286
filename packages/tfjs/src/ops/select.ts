import * as tf from '@tensorflow/tfjs-core';

/**
 * Where the condition holds, `yes`, else `no`; the three broadcast.
 *
 * TensorFlow.js broadcasts the operands of `where` by tiling them, which costs twenty times the choice itself on wasm; a
 * product with ones gives the same numbers.
 */
export function select(condition: tf.Tensor, yes: tf.Tensor, no: tf.Tensor): tf.Tensor {
  const pair = tf.broadcast_util.assertAndGetBroadcastShape(yes.shape, no.shape);
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(condition.shape, pair);
  const mask = tf.util.arraysEqual(condition.shape, shape)
    ? condition
    : tf.cast(stretched(tf.cast(condition, 'float32'), shape), 'bool');
  return tf.where(mask, stretched(yes, shape), stretched(no, shape));
}

function stretched(values: tf.Tensor, shape: number[]): tf.Tensor {
  return tf.util.arraysEqual(values.shape, shape) ? values : tf.mul(tf.ones(shape), values);
}
