import { emphasisedMask, hardMask } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { select } from '../ops/select.ts';
import { tileOps } from '../ops/tile-ops.ts';
import type { ClassTile, TileSource } from './class-tiles.ts';

/** How many hard negatives there are, and the range of their slopes; scalars. */
export type HardNegatives = {
  readonly hard: tf.Tensor;
  readonly emphasised: tf.Tensor;
  readonly minSlope: tf.Tensor;
  readonly maxSlope: tf.Tensor;
};

/** Beyond any slope; stands for ±∞. */
const NO_SLOPE = 3e38;

/** The count of no negatives. */
export function noHardNegatives(): HardNegatives {
  return {
    hard: tf.scalar(0),
    emphasised: tf.scalar(0),
    minSlope: tf.scalar(NO_SLOPE),
    maxSlope: tf.scalar(-NO_SLOPE),
  };
}

/** Adds the hard negatives of one tile, of which `own` marks the targets. */
export function addHardNegatives(
  before: HardNegatives,
  { loss, prepared }: Pick<TileSource, 'loss' | 'prepared'>,
  tile: ClassTile,
  own: tf.Tensor,
): HardNegatives {
  const { cosines } = tile;
  const { value, dCos } = tile.negative;
  const { pivot } = prepared.target;
  const ops = tileOps();
  const above = hardMask(ops, cosines, pivot);
  const hard = tf.logicalAnd(above, tf.logicalNot(tf.cast(own, 'bool')));
  const emphasised = tf.logicalAnd(
    hard,
    emphasisedMask(ops, loss, value, cosines, pivot, prepared.sampleValues),
  );
  // One slope for all negatives, as where N is the cosine itself, is its own least and largest.
  const shared = dCos.rank === 0;
  const least = shared ? dCos : tf.min(select(hard, dCos, tf.scalar(NO_SLOPE)));
  const largest = shared ? dCos : tf.max(select(hard, dCos, tf.scalar(-NO_SLOPE)));
  return {
    hard: tf.add(before.hard, tf.sum(tf.cast(hard, 'float32'))),
    emphasised: tf.add(before.emphasised, tf.sum(tf.cast(emphasised, 'float32'))),
    minSlope: tf.minimum(before.minSlope, least),
    maxSlope: tf.maximum(before.maxSlope, largest),
  };
}
