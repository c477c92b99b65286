import * as tf from '@tensorflow/tfjs';
import { START_OF_MAXIMUM, type TileStream } from './class-tiles.ts';
import { addHardNegatives, type HardNegatives, noHardNegatives } from './hard-negatives.ts';

/** Σ_{j≠y} e^{z_ij} of each sample as e^{max}·sum; the sum is 0 where there is no negative, else at least 1. */
export type LogSumExp = {
  /** [B]. */
  readonly max: tf.Tensor;
  /** [B]. */
  readonly sum: tf.Tensor;
};

/** What pass 1 yields. */
export type FirstPass = LogSumExp & HardNegatives;

/**
 * Pass 1: the log-sum-exp over the negatives alone. Leaving the target out keeps 1 − p exact when p is near 1, and
 * makes p ≤ 1 whatever is rounded.
 */
export function negativeLogSumExp(stream: TileStream, pivot: tf.Tensor, batch: number): FirstPass {
  let running: FirstPass = {
    max: tf.fill([batch], START_OF_MAXIMUM),
    sum: tf.zeros([batch]),
    ...noHardNegatives(),
  };
  for (let index = 0; index < stream.count; index++) {
    const tile = stream.tile(index);
    const before = running;
    running = tf.tidy(() => ({
      ...addLogits(before, tile.logits),
      ...addHardNegatives(before, tile, pivot),
    }));
    tf.dispose(before);
  }
  return running;
}

function addLogits(before: LogSumExp, logits: tf.Tensor): LogSumExp {
  const max = tf.maximum(before.max, tf.max(logits, 0));
  const earlier = tf.mul(before.sum, tf.exp(tf.sub(before.max, max)));
  return { max, sum: tf.add(earlier, tf.sum(tf.exp(tf.sub(logits, max)), 0)) };
}
