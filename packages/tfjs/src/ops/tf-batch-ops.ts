import type { BatchOps } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { tfOps } from './tf-ops.ts';

/**
 * The tensor reading of statistics: {@link tfOps} with its reductions over the samples of a batch, [B].
 *
 * Positions, and labels, are float32 numbers, as every `T` is: exact up to 2²⁴.
 */
export const tfBatchOps: BatchOps<tf.Tensor, tf.Tensor> = {
  ...tfOps,
  sum: (values) => tf.sum(values),
  count: (values) => tf.scalar(values.size, 'float32'),
  // topk puts the lower position first among equals, so ties keep their order in either direction.
  argsort: (values, direction) => {
    const descending = direction === 'descending' ? values : tf.neg(values);
    return tf.cast(tf.topk(descending, values.size).indices, 'float32');
  },
  gather: (values, indices) => tf.gather(values, tf.cast(indices, 'int32')),
  // B × B numbers, and no class among them.
  sumOfClass: (values, labels) => {
    const rows = tf.reshape(labels, [-1, 1]);
    const same = tf.relu(tf.sub(tf.scalar(1), tf.abs(tf.sub(rows, labels))));
    return tf.reshape(tf.matMul(same, tf.mul(tf.onesLike(rows), tf.reshape(values, [-1, 1]))), [-1]);
  },
};
