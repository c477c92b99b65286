import * as tf from '@tensorflow/tfjs-core';
import { hostView } from '../ops/host-memory.ts';

/**
 * Adds what there is one of a sample to the rows of the samples' classes, for a run of classes: [B, …] → [size, …].
 *
 * Samples of other classes land on a row before the first or after the last, which is cut off.
 */
export function scatterOwn(labels: tf.Tensor1D, values: tf.Tensor, start: number, size: number): tf.Tensor {
  const rest = values.shape.slice(1);
  const local = tf.cast(tf.sub(labels, tf.scalar(start - 1, 'int32')), 'float32');
  const rows = tf.cast(tf.clipByValue(local, 0, size + 1), 'int32');
  const all = tf.scatterND(tf.reshape(rows, [-1, 1]), values, [size + 2, ...rest]);
  return tf.slice(all, [1, ...rest.map(() => 0)], [size, ...rest]);
}

/** Whether {@link addOwnRows} can be had on the active backend. */
export function addsOwnRows(): boolean {
  return hostView() !== undefined;
}

/** Adds a row a sample, [B, d], to the rows of the samples' classes, in place: nobody else may hold the matrix, [C, d]. */
export function addOwnRows(matrix: tf.Tensor, labels: tf.Tensor1D, rows: tf.Tensor): void {
  const view = hostView()!;
  const [sums, added] = [view(matrix), view(rows)];
  const dim = matrix.shape[1]!;
  for (const [i, label] of view<Int32Array>(labels).entries()) {
    const [from, to] = [i * dim, label * dim];
    for (let k = 0; k < dim; k++) sums[to + k]! += added[from + k]!;
  }
}
