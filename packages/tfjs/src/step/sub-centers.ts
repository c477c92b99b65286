import * as tf from '@tensorflow/tfjs-core';
import { tileOps } from '../ops/tile-ops.ts';

/** The nearest of each class's K rows. */
export type NearestRows = {
  /** [n, B]. */
  readonly largest: tf.Tensor;
  /** Which row that is, 0 … K − 1, of equal ones the first, as a float32 number: [n, B]. Undefined for K = 1. */
  readonly winners: tf.Tensor | undefined;
};

/** The largest product with each class: [n·K, B] → [n, B]. */
export function nearestOf(products: tf.Tensor, subCenters: number): NearestRows {
  if (subCenters === 1) return { largest: products, winners: undefined };
  const ops = tileOps();
  const [rows, batch] = products.shape as [number, number];
  const classes = rows / subCenters;
  const byClass = tf.reshape(products, [classes, subCenters * batch]) as tf.Tensor2D;
  const [first, ...rest] = tf.split(byClass, subCenters, 1);
  let [largest, winners]: [tf.Tensor, tf.Tensor] = [first!, tf.zeros([classes, batch])];
  for (const [k, product] of rest.entries()) {
    winners = ops.select(ops.greater(product, largest), tf.scalar(k + 1), winners);
    largest = tf.maximum(largest, product);
  }
  return { largest, winners };
}

/** What there is one of a class, for the row that is the nearest, 0 for the others of the class: [n, B] → [n·K, B]. */
export function ofWinners(values: tf.Tensor, winners: tf.Tensor | undefined, subCenters: number): tf.Tensor {
  if (winners === undefined) return values;
  const [classes, batch] = values.shape as [number, number];
  const [one, parts] = [tf.scalar(1), [] as tf.Tensor[]];
  // By arithmetic, which the wasm backend does faster than it compares.
  for (let k = 0; k < subCenters; k++) {
    parts.push(tf.mul(values, tf.relu(tf.sub(one, tf.abs(tf.sub(winners, tf.scalar(k)))))));
  }
  return tf.reshape(tf.concat(parts, 1), [classes * subCenters, batch]);
}
