import * as tf from '@tensorflow/tfjs-core';
import { hostView } from './host-memory.ts';

/**
 * Σ over the first axis: [rows, columns] → [columns].
 *
 * The wasm and webgpu backends transpose the whole matrix to reduce over its first axis, and cpu is slow at it: on wasm
 * in a loop over its memory, in float64, on the others as a product with ones.
 */
export function sumOverRows(matrix: tf.Tensor): tf.Tensor {
  const [rows, columns] = matrix.shape as [number, number];
  const view = hostView();
  if (view !== undefined) {
    const values = view(matrix);
    const sums = new Float64Array(columns);
    for (let at = 0; at < rows * columns; at += columns) {
      for (let j = 0; j < columns; j++) sums[j]! += values[at + j]!;
    }
    return tf.tensor1d(new Float32Array(sums));
  }
  if (!['cpu', 'webgpu'].includes(tf.getBackend())) return tf.sum(matrix, 0);
  return tf.reshape(tf.matMul(tf.ones([1, rows]), matrix), [-1]);
}
