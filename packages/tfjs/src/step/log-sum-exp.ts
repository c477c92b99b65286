import type { NegativeSum, PreparedSamples } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { exponential } from '../ops/exponential.ts';
import { maxOverRows } from '../ops/max-over-rows.ts';
import { select } from '../ops/select.ts';
import { sumOverRows } from '../ops/sum-over-rows.ts';
import { type ClassTile, type Exponentials, NO_LOGIT, type TileStream } from './class-tiles.ts';
import { addHardNegatives, type HardNegatives, noHardNegatives } from './hard-negatives.ts';
import type { StepOptions } from './step-input.ts';

/** Σ_{j≠y} e^{z_ij} of each sample: [B] each. The sum is at least 1; without a negative the maximum is the lowest number. */
export type LogSumExp = { readonly [Name in keyof NegativeSum<tf.Tensor>]: tf.Tensor };

/** The running maximum of no logits at all. */
const LOWEST = -3.4028234663852886e38;

/** Below, logits may get lost: on webgl and webgpu the largest of numbers under −10²⁰ is −10²⁰. */
const LEAST_LOGIT = -1e19;

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
  { target, targetLogit }: PreparedSamples<tf.Tensor, tf.Tensor>,
  { countNegatives, nearest }: Pick<StepOptions, 'countNegatives' | 'nearest'>,
): FirstPass {
  const { batch, classes } = stream;
  let running: FirstPass = {
    negatives: { max: tf.fill([batch], LOWEST), sum: tf.zeros([batch]) },
    ...(countNegatives ? { hard: noHardNegatives() } : {}),
    ...(nearest ? { nearest: tf.fill([batch], LOWEST) } : {}),
  };
  for (let index = 0; index < stream.count; index++) {
    const tile = stream.tile(index);
    const before = running;
    const { negatives, exponentials, ...rest } = tf.tidy(() => ({
      ...addLogits(before.negatives, tile.logits),
      ...(before.hard ? { hard: addHardNegatives(before.hard, tile, target.pivot) } : {}),
      ...(before.nearest ? { nearest: addNearest(before.nearest, tile) } : {}),
    }));
    running = { negatives, ...rest };
    stream.take(exponentials);
    tf.dispose(before);
  }
  const { negatives, ...rest } = running;
  return { negatives: classes === 1 ? atLeastOne(negatives) : found(negatives, targetLogit), ...rest };
}

function atLeastOne({ max, sum }: LogSumExp): LogSumExp {
  return { max, sum: tf.maximum(sum, tf.scalar(1)) };
}

/** Where no negative was found though there are some, they weigh nothing beside the target, or the loss is ∞. */
function found({ max, sum }: LogSumExp, targetLogit: tf.Tensor): LogSumExp {
  const known = tf.logicalOr(
    tf.greater(sum, tf.scalar(0.5)),
    tf.greater(targetLogit, tf.scalar(LEAST_LOGIT)),
  );
  return atLeastOne({ max: select(known, max, tf.scalar(Number.POSITIVE_INFINITY)), sum });
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
  return tf.maximum(before, maxOverRows(tf.add(cosines, tf.mul(own, tf.scalar(NO_LOGIT)))));
}
