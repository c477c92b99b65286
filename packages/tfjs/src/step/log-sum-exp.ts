import * as tf from '@tensorflow/tfjs';
import { exponential } from '../ops/exponential.ts';
import { maxOverRows } from '../ops/max-over-rows.ts';
import { sumOverRows } from '../ops/sum-over-rows.ts';
import { type ClassTile, type Exponentials, START_OF_MAXIMUM, type TileStream } from './class-tiles.ts';
import { addHardNegatives, type HardNegatives, noHardNegatives } from './hard-negatives.ts';
import type { StepOptions } from './step-input.ts';

/** Σ_{j≠y} e^{z_ij} of each sample as e^{max}·sum; the sum is 0 where there is no negative, else at least 1. */
export type LogSumExp = {
  /** [B]. */
  readonly max: tf.Tensor;
  /** [B]. */
  readonly sum: tf.Tensor;
};

/** What pass 1 yields. */
export type FirstPass = {
  readonly negatives: LogSumExp;
  /** Where they are counted. */
  readonly hard?: HardNegatives;
  /** The largest cosine of each sample with a class that is not its own, where it is asked for: [B]. */
  readonly nearest?: tf.Tensor;
};

/**
 * Pass 1: the log-sum-exp over the negatives alone. Leaving the target out keeps 1 − p exact when p is near 1, and
 * makes p ≤ 1 whatever is rounded.
 */
export function firstPass(
  stream: TileStream,
  pivot: tf.Tensor,
  batch: number,
  { countNegatives, nearest }: Pick<StepOptions, 'countNegatives' | 'nearest'>,
): FirstPass {
  let running: FirstPass = {
    negatives: { max: tf.fill([batch], START_OF_MAXIMUM), sum: tf.zeros([batch]) },
    ...(countNegatives ? { hard: noHardNegatives() } : {}),
    ...(nearest ? { nearest: tf.fill([batch], START_OF_MAXIMUM) } : {}),
  };
  for (let index = 0; index < stream.count; index++) {
    const tile = stream.tile(index);
    const before = running;
    const { negatives, exponentials, ...rest } = tf.tidy(() => ({
      ...addLogits(before.negatives, tile.logits),
      ...(before.hard ? { hard: addHardNegatives(before.hard, tile, pivot) } : {}),
      ...(before.nearest ? { nearest: addNearest(before.nearest, tile) } : {}),
    }));
    running = { negatives, ...rest };
    stream.take(exponentials);
    tf.dispose(before);
  }
  return running;
}

function addLogits(
  before: LogSumExp,
  logits: tf.Tensor,
): { negatives: LogSumExp; exponentials: Exponentials } {
  const max = tf.maximum(before.max, maxOverRows(logits));
  const exp = exponential(logits, max);
  const earlier = tf.mul(before.sum, tf.exp(tf.sub(before.max, max)));
  return {
    negatives: { max, sum: tf.add(earlier, sumOverRows(exp)) },
    exponentials: { exp, shift: tf.clone(max) },
  };
}

function addNearest(before: tf.Tensor, { own, cosines }: ClassTile): tf.Tensor {
  return tf.maximum(before, maxOverRows(tf.add(cosines, tf.mul(own, tf.scalar(START_OF_MAXIMUM)))));
}
