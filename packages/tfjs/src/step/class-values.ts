import { type MarginLoss, ShapeMismatchError } from '@cf/core';
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

/** Throws ShapeMismatchError unless every table of a loss has one entry a class. */
export function requireClassValues(
  { name: loss, classValues }: Pick<MarginLoss, 'name' | 'classValues'>,
  classes: number,
): void {
  for (const [name, { length }] of Object.entries(classValues)) {
    if (length === classes) continue;
    throw new ShapeMismatchError(
      `${name} of length ${length} in ${loss}`,
      `[${classes}], one entry a class`,
      `make the loss with a table of ${classes}, in the order of the labels.`,
    );
  }
}
