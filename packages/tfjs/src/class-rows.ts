import * as tf from '@tensorflow/tfjs';

/**
 * The rows of a run of classes: [C, d] → [size, d].
 *
 * The wasm backend slices by copying the whole matrix out first, which would make tiles cost O(C²), and gathers entry by
 * entry. Its memory is in reach of the host, where a run of rows is one copy.
 */
export function classRows(matrix: tf.Tensor, start: number, size: number): tf.Tensor {
  const [classes, dim] = matrix.shape as [number, number];
  if (start === 0 && size === classes) return tf.clone(matrix);
  const backend = tf.backend() as Partial<HostMemory>;
  if (tf.getBackend() !== 'wasm' || backend.typedArrayFromHeap === undefined) {
    return tf.slice(matrix, [start, 0], [size, -1]);
  }
  // Made first: to make it may move the memory that the views look at.
  const rows = tf.fill([size, dim], 0);
  const values = backend.typedArrayFromHeap(matrix).subarray(start * dim, (start + size) * dim);
  backend.typedArrayFromHeap(rows).set(values);
  return rows;
}

/** What the wasm backend has beyond the common interface. */
interface HostMemory {
  /** A view of a tensor's numbers, valid until memory grows. */
  typedArrayFromHeap(tensor: tf.Tensor): Float32Array;
}
