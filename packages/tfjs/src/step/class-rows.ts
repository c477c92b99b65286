import * as tf from '@tensorflow/tfjs-core';
import { hostView } from '../ops/host-memory.ts';

/**
 * The rows of a run of classes: [C, d] → [size, d].
 *
 * The wasm backend slices by copying the whole matrix out first, which would make tiles cost O(C²), and gathers entry by
 * entry. In its memory a run of rows is one copy.
 */
export function classRows(matrix: tf.Tensor, start: number, size: number): tf.Tensor {
  const [classes, dim] = matrix.shape as [number, number];
  if (start === 0 && size === classes) return tf.clone(matrix);
  const view = hostView();
  if (view === undefined) return tf.slice(matrix, [start, 0], [size, -1]);
  const rows = tf.fill([size, dim], 0, 'float32');
  view(rows).set(view(matrix).subarray(start * dim, (start + size) * dim));
  return rows;
}

/** The biases of a run of classes, [size, 1], or the one that all share, [1, 1]; b is [C, 1] or [1, 1]. */
export function biasRows(bias: tf.Tensor, start: number, size: number): tf.Tensor {
  return bias.shape[0] === 1 ? tf.clone(bias) : classRows(bias, start, size);
}

/** The rows of the samples' own classes: [C, d] → [B, d]. @throws what `tf.gather` throws at labels out of range */
export function ownRows(matrix: tf.Tensor, labels: tf.Tensor1D): tf.Tensor {
  const view = hostView();
  const [classes, dim] = matrix.shape as [number, number];
  if (view === undefined || !view<Int32Array>(labels).every((label) => label >= 0 && label < classes)) {
    return tf.gather(matrix, labels);
  }
  const rows = tf.fill([labels.size, dim], 0, 'float32');
  const [from, to] = [view(matrix), view(rows)];
  for (const [i, label] of view<Int32Array>(labels).entries())
    to.set(from.subarray(label * dim, (label + 1) * dim), i * dim);
  return rows;
}

/** The bias of each sample's class, [B]; b is [C, 1] or [1, 1]. */
export function biasOfSamples(bias: tf.Tensor, labels: tf.Tensor1D): tf.Tensor {
  return bias.shape[0] === 1
    ? tf.mul(tf.ones(labels.shape), tf.reshape(bias, []))
    : tf.reshape(tf.gather(bias, labels), [-1]);
}
