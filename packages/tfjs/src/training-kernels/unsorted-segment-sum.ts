import * as tf from '@tensorflow/tfjs-core';
import type { HeapBackend } from './heap-backend.ts';
import type { TrainingKernel } from './kernel.ts';

/**
 * Σ of the rows of x that have one number, by that number: the gradient of `tf.gather`, and with it of an embedding layer.
 * x [N, ...], numbers [N] → [numSegments, ...]; rows of a number outside of 0 … numSegments − 1 are left out.
 */
export const unsortedSegmentSum: TrainingKernel = {
  name: tf.UnsortedSegmentSum,
  kind: 'missing',
  create: () => (params) => {
    const { x, segmentIds } = params.inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
    const { numSegments } = params.attrs as unknown as { numSegments: number };
    const backend = params.backend as HeapBackend;
    const rest = x.shape.slice(1);
    // Views of the memory come after the allocation, which may move it.
    const result = backend.makeOutput([numSegments, ...rest], x.dtype);
    const [from, numbers, to] = [x, segmentIds, result].map((info) => backend.typedArrayFromHeap(info));
    const row = tf.util.sizeFromShape(rest);
    to!.fill(0);
    for (let n = 0; n < x.shape[0]!; n++) {
      const segment = numbers![n]!;
      if (segment < 0 || segment >= numSegments) continue;
      for (let k = 0; k < row; k++) to![segment * row + k]! += from![n * row + k]!;
    }
    return result;
  },
};
