import * as tf from '@tensorflow/tfjs-core';
import { composed, type KernelRun, type TrainingKernel } from './kernel.ts';

type Run = KernelRun<{ readonly x: tf.Tensor }, { readonly reps: number[] }>;

/** Axes that the backend's arithmetic broadcasts. */
const MAX_RANK = 4;

/** Repetition of axes of length 1 as a product with ones. The gradient of batch normalisation repeats [1, 1, 1, C]. */
export const tile: TrainingKernel = {
  name: tf.Tile,
  kind: 'faster',
  create: (original) => composed(repeated, { original, covers }),
};

function covers({ inputs: { x }, attrs: { reps } }: Run): boolean {
  const isRepeatable = reps.every((count, axis) => count === 1 || (count > 1 && x.shape[axis] === 1));
  return x.dtype === 'float32' && x.rank <= MAX_RANK && reps.length === x.rank && isRepeatable;
}

function repeated({ inputs: { x }, attrs: { reps } }: Run): tf.Tensor {
  return tf.mul(x, tf.ones(reps));
}
