import type { MarginLoss, Prepared } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { tfBatchOps } from '../ops/tf-batch-ops.ts';
import { scatterOwn } from './scatter-own.ts';
import type { StateTensors } from './step-input.ts';

/** Of the samples' classes, the entries of a loss's tables and of what it carries of classes: [B] each. */
export function classValuesOf(
  { classValues, initialClassValues }: Pick<MarginLoss, 'classValues' | 'initialClassValues'>,
  labels: tf.Tensor1D,
  state: StateTensors,
): Record<string, tf.Tensor> {
  const tables = Object.entries(classValues).map(([name, table]) => [
    name,
    tf.tidy(() => tf.gather(tf.tensor1d(Float32Array.from(table)), labels)),
  ]);
  const carried = Object.keys(initialClassValues).map((name) => [name, tf.gather(state[name]!, labels)]);
  return Object.fromEntries([...tables, ...carried]);
}

/** What a loss carries of classes after a step: of those of the batch what `prepare` says, of the others what it was; [C] each. */
export function nextClassValues(
  { initialClassValues }: Pick<MarginLoss, 'initialClassValues'>,
  { nextOfClass = {} }: Pick<Prepared<tf.Tensor>, 'nextOfClass'>,
  { labels, state, ofClass }: { labels: tf.Tensor1D; state: StateTensors; ofClass: StateTensors },
): StateTensors {
  const entries = Object.keys(initialClassValues).map((name) => [
    name,
    tf.tidy(() => {
      // Each sample of a class brings its share of the way from the old number to the new one.
      const way = tf.sub(nextOfClass[name]!, ofClass[name]!);
      const share = tf.div(way, tfBatchOps.sumOfClass(tf.scalar(1), tf.cast(labels, 'float32')));
      const before = state[name]!;
      return tf.add(before, scatterOwn(labels, share, 0, before.size));
    }),
  ]);
  return Object.fromEntries(entries);
}
