import { type MarginLoss, negativeSumNames } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { maxOverRows } from '../ops/max-over-rows.ts';
import { sumOverRows } from '../ops/sum-over-rows.ts';
import { type ClassTile, NO_LOGIT, type TileSource } from './class-tiles.ts';
import { addHardNegatives, type HardNegatives, noHardNegatives } from './hard-negatives.ts';
import type { StepOptions } from './step-input.ts';

/** Under every number. */
export const LOWEST = -3.4028234663852886e38;

/** What the first pass over the classes finds beside a log-sum-exp, whatever the objective. */
export type Seen = {
  /** Of {@link negativeSumNames}, over the negatives of each sample: [B] each. */
  readonly sums: Readonly<Record<string, tf.Tensor>>;
  /** Where they are counted. */
  readonly hard?: HardNegatives;
  /** The largest cosine of each sample with a class that is not its own, where it is asked for: [B]. */
  readonly nearest?: tf.Tensor;
};

/** What has been seen before the first tile. */
export function nothingSeen(
  loss: MarginLoss,
  batch: number,
  { countNegatives, nearest }: Pick<StepOptions, 'countNegatives' | 'nearest'>,
): Seen {
  return {
    sums: Object.fromEntries(negativeSumNames(loss).map((name) => [name, tf.zeros([batch])])),
    ...(countNegatives ? { hard: noHardNegatives() } : {}),
    ...(nearest ? { nearest: tf.fill([batch], LOWEST, 'float32') } : {}),
  };
}

/** What a tile holds of its pairs. */
export interface TileTerms {
  /** 1 where a sample meets its own class, else 0: [n, B]. */
  readonly own: tf.Tensor;
  /** What each pair adds to the sums, targets too: scalars or [n, B]. */
  readonly sums: Readonly<Record<string, tf.Tensor>>;
}

/** Adds the negatives of one tile. */
export function addSeen(
  before: Seen,
  source: Pick<TileSource, 'loss' | 'prepared'>,
  tile: ClassTile,
  { own, sums }: TileTerms,
): Seen {
  const names = Object.keys(before.sums);
  const others = names.length > 0 ? othersOf(own) : own;
  const added = names.map((name) => [
    name,
    tf.add(before.sums[name]!, sumOverRows(tf.mul(sums[name]!, others))),
  ]);
  return {
    sums: Object.fromEntries(added),
    ...(before.hard ? { hard: addHardNegatives(before.hard, source, tile, own) } : {}),
    ...(before.nearest ? { nearest: addNearest(before.nearest, tile, own) } : {}),
  };
}

/** 0 where a sample meets its own class, else 1: [n, B]. */
export function othersOf(own: tf.Tensor): tf.Tensor {
  return tf.sub(tf.scalar(1), own);
}

function addNearest(before: tf.Tensor, { cosines }: ClassTile, own: tf.Tensor): tf.Tensor {
  return tf.maximum(before, maxOverRows(tf.add(cosines, tf.mul(own, tf.scalar(NO_LOGIT)))));
}
