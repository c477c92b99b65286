import type { MarginLoss } from '@cf/core';
import * as tf from '@tensorflow/tfjs';

/** The entries of a loss's class values that belong to the samples' classes: [B] each. */
export function classValuesOf(
  { classValues }: Pick<MarginLoss, 'classValues'>,
  labels: tf.Tensor1D,
): Record<string, tf.Tensor> {
  const entries = Object.entries(classValues).map(([name, table]) => [
    name,
    tf.tidy(() => tf.gather(tf.tensor1d(Float32Array.from(table)), labels)),
  ]);
  return Object.fromEntries(entries);
}
