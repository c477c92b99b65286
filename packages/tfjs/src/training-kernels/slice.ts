import * as tf from '@tensorflow/tfjs-core';
import type { HeapBackend } from './heap-backend.ts';
import type { TrainingKernel } from './kernel.ts';

/** A slice with neighbouring axes merged where the inner one is taken whole. */
interface Block {
  readonly shape: number[];
  readonly begin: number[];
  readonly size: number[];
}

/**
 * A slice copied row by row inside the backend's memory, with rows as long as they can be. The backend's own copies the
 * whole input out of its memory first, and then as many rows as there are positions in all axes but the last.
 */
export const slice: TrainingKernel = {
  name: tf.Slice,
  kind: 'faster',
  create: (original) => (params) => {
    const x = params.inputs.x!;
    if (x.dtype !== 'float32') return original!(params);
    const { begin, size } = params.attrs as unknown as { begin: number | number[]; size: number | number[] };
    const [starts, sizes] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size);
    return sliced(params.backend as HeapBackend, x, mergedAxes(x.shape, starts!, sizes!), sizes!);
  },
};

/** Merges each axis that is taken whole into the one before it. */
export function mergedAxes(
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
): Block {
  const merged: Block = { shape: [1], begin: [0], size: [1] };
  shape.forEach((dim, axis) => {
    const last = merged.shape.length - 1;
    if (size[axis] === dim || merged.shape[last] === 1) {
      merged.begin[last] = merged.begin[last]! * dim + begin[axis]!;
      merged.size[last]! *= size[axis]!;
      merged.shape[last]! *= dim;
    } else {
      merged.shape.push(dim);
      merged.begin.push(begin[axis]!);
      merged.size.push(size[axis]!);
    }
  });
  return merged;
}

function sliced(
  backend: HeapBackend,
  x: tf.TensorInfo,
  { shape, begin, size }: Block,
  sizes: number[],
): tf.TensorInfo {
  // Views of the memory come after the allocation, which may move it.
  const result = backend.makeOutput(sizes, x.dtype);
  if (sizes.includes(0)) return result;
  const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(result)];
  const strides = [...tf.util.computeStrides(shape), 1];
  const last = shape.length - 1;
  const row = size[last]!;
  let at = 0;
  const copy = (axis: number, start: number): void => {
    const first = start + begin[axis]! * strides[axis]!;
    if (axis === last) {
      to.set(from.subarray(first, first + row), at);
      at += row;
      return;
    }
    for (let i = 0; i < size[axis]!; i++) copy(axis + 1, first + i * strides[axis]!);
  };
  copy(0, 0);
  return result;
}
