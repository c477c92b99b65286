import { type NegativeSum, negativeTerms } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { exponential } from '../ops/exponential.ts';
import { maxOverRows } from '../ops/max-over-rows.ts';
import { select } from '../ops/select.ts';
import { sumOverRows } from '../ops/sum-over-rows.ts';
import { tileOps } from '../ops/tile-ops.ts';
import {
  type ClassTile,
  type Exponentials,
  ownClasses,
  softmaxLogits,
  type TileSource,
  type TileStream,
} from './class-tiles.ts';
import { addSeen, LOWEST, nothingSeen, type Seen } from './seen.ts';
import type { StepOptions } from './step-input.ts';

/** Σ_{j≠y} e^{z_ij} of each sample: [B] each. The sum is at least 1; without a negative the maximum is the lowest number. */
export type LogSumExp = { readonly [Name in keyof NegativeSum<tf.Tensor>]: tf.Tensor };

/** Below, logits may get lost: on webgl and webgpu the largest of numbers under −10²⁰ is −10²⁰. */
const LEAST_LOGIT = -1e19;

/** What pass 1 yields. */
export type FirstPass = Seen & { readonly negatives: LogSumExp };

/**
 * Pass 1 of a softmax: the log-sum-exp over the negatives alone, with the sums that the loss asks for. Leaving the target out
 * keeps 1 − p exact when p is near 1, and makes p ≤ 1 whatever is rounded.
 */
export function firstPass(
  source: TileSource,
  stream: TileStream,
  options: Pick<StepOptions, 'countNegatives' | 'nearest'>,
): FirstPass {
  const { loss, labels, prepared, classes } = source;
  const batch = labels.shape[0];
  let running: FirstPass = {
    negatives: { max: tf.fill([batch], LOWEST, 'float32'), sum: tf.zeros([batch]) },
    ...nothingSeen(loss, batch, options),
  };
  for (let index = 0; index < stream.count; index++) {
    const tile = stream.tile(index);
    const before = running;
    const { exponentials, ...after } = tf.tidy(() => {
      const own = ownClasses(labels, tile);
      return {
        ...addLogits(before.negatives, softmaxLogits(source, tile, own)),
        ...addSeen(before, source, tile, { own, sums: sumsOf(source, tile) }),
      };
    });
    running = after;
    stream.take(exponentials);
    tf.dispose(before);
  }
  const { negatives, ...rest } = running;
  const { targetLogit } = prepared;
  return { negatives: classes === 1 ? atLeastOne(negatives) : found(negatives, targetLogit), ...rest };
}

/** What each pair adds to the sums, from the N that the tile has already. */
function sumsOf({ loss, prepared }: TileSource, { cosines, negative }: ClassTile): Record<string, tf.Tensor> {
  const known = { ...loss, negative: () => negative as never };
  return negativeTerms(tileOps(), known, cosines, prepared.target.pivot, prepared.sampleValues).sums;
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
