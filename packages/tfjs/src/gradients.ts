import type { MarginLoss } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { acrossRows } from './across-rows.ts';
import type { ClassTile, TileStream } from './class-tiles.ts';
import type { LogSumExp } from './log-sum-exp.ts';
import type { PreparedBatch } from './prepare-batch.ts';
import type { ReducedBatch } from './reduce-batch.ts';
import type { TargetPoints } from './target-points.ts';
import type { UnitRows } from './unit-rows.ts';

/** What pass 2 yields. */
export type Gradients = {
  /** [B, d]. */
  readonly embeddings: tf.Tensor;
  /** [C, d]. */
  readonly weights: tf.Tensor;
  /** [C], where the loss has a bias. */
  readonly bias?: tf.Tensor;
  /** [B, C], where inspected. */
  readonly logits?: tf.Tensor;
  /** ∂loss/∂logits: [B, C], where inspected. */
  readonly gradLogits?: tf.Tensor;
};

/** All that pass 2 reads. */
export interface GradientInput {
  readonly loss: MarginLoss;
  readonly x: UnitRows;
  readonly stream: TileStream;
  readonly points: TargetPoints;
  readonly prepared: PreparedBatch;
  readonly negatives: LogSumExp;
  readonly reduced: ReducedBatch;
  readonly labels: tf.Tensor1D;
  readonly classes: number;
  readonly inspect: boolean;
}

/**
 * Pass 2: g_ij = dNll_i·(p_ij − δ_ij), through N′ and T′ to the cosines, and through the tangents of the two
 * normalisations to X and W. The target goes its own way, without cancellation ({@link TargetPoints}).
 *
 * Tiles come in reverse, so that the last one of pass 1 need not be made again.
 */
export function gradients(input: GradientInput): Gradients {
  const { stream, prepared, reduced, labels } = input;
  const own: OwnTerms = {
    gradient: tf.neg(tf.mul(reduced.dNll, reduced.miss)),
    logit: tf.mul(prepared.rowScale, prepared.target.value),
    share: tf.div(tf.mul(reduced.dNll, reduced.miss), tf.maximum(input.negatives.sum, tf.scalar(1))),
  };
  let sums: SampleSums = { pull: tf.zerosLike(input.x.unit), radial: tf.zeros([labels.size]) };
  const tiles: TileGradients[] = [];
  for (let index = stream.count - 1; index >= 0; index--) {
    const tile = stream.tile(index);
    const before = sums;
    const added = tf.tidy(() => addTile(input, tile, own, before));
    tf.dispose(before);
    sums = added.sums;
    tiles.unshift(added.tile);
  }
  const slope = column(tf.mul(own.gradient, tf.mul(prepared.rowScale, prepared.target.dCos)));
  return {
    embeddings: embeddingGradient(input, own, sums, slope),
    weights: weightGradient(input, tiles, slope),
    ...(input.loss.bias ? { bias: biasGradient(input, tiles, own) } : {}),
    ...(input.inspect
      ? { logits: bySample(tiles, 'logits'), gradLogits: bySample(tiles, 'gradLogits') }
      : {}),
  };
}

/** What each sample's own class adds; [B] each. */
interface OwnTerms {
  /** ∂loss/∂(target logit) = −dNll·(1 − p). */
  readonly gradient: tf.Tensor;
  readonly logit: tf.Tensor;
  /**
   * dNll·(1 − p)/sum: what e^{z − max} of a negative is multiplied by. The negatives share 1 − p between them, so p
   * adds up to 1, and no digit is lost to the size of the log-sum-exp.
   */
  readonly share: tf.Tensor;
}

/** What runs along with the tiles. */
type SampleSums = {
  /** Σ_j slope_ij·ŵ_j: [B, d]. */
  readonly pull: tf.Tensor;
  /** Σ_j g_ij·N_ij, where the row is scaled by the norm: [B]. */
  readonly radial: tf.Tensor;
};

/** What belongs to the classes of one tile, the targets' part of `weights` and `bias` left out. */
type TileGradients = {
  readonly weights: tf.Tensor;
  readonly bias?: tf.Tensor;
  readonly logits?: tf.Tensor;
  readonly gradLogits?: tf.Tensor;
};

function addTile(
  { loss, x, prepared, negatives, inspect }: GradientInput,
  tile: ClassTile,
  own: OwnTerms,
  before: SampleSums,
): { sums: SampleSums; tile: TileGradients } {
  const { other, logits } = tile;
  // 0 for targets, whose logit is out of the way.
  const gradient = tf.mul(tf.exp(tf.sub(logits, negatives.max)), own.share);
  const slopes = tf.mul(gradient, tf.mul(other.dCos, prepared.rowScale));
  const pull = tf.matMul(slopes, x.unit);
  const scaledByNorm = loss.geometry === 'norm-scaled';
  return {
    sums: {
      pull: tf.add(before.pull, tf.matMul(slopes, tile.centers.unit, true)),
      radial: scaledByNorm
        ? tf.add(before.radial, tf.sum(tf.mul(gradient, other.value), 0))
        : tf.clone(before.radial),
    },
    tile: {
      weights:
        loss.geometry === 'inner'
          ? pull
          : tf.mul(tangential(pull, tile.centers.unit), acrossRows(tile.centers.inverse, pull.shape[1]!)),
      ...(loss.bias ? { bias: tf.sum(gradient, 1) } : {}),
      ...(inspect
        ? { logits: withOwn(tile, own.logit, logits), gradLogits: withOwn(tile, own.gradient, gradient) }
        : {}),
    },
  };
}

/** The part of each row that is orthogonal to the unit vector beside it; [rows, d]. */
function tangential(rows: tf.Tensor, unit: tf.Tensor): tf.Tensor {
  const along = tf.sum(tf.mul(rows, unit), 1, true);
  return tf.sub(rows, tf.mul(unit, acrossRows(along, unit.shape[1]!)));
}

function withOwn(tile: ClassTile, target: tf.Tensor, others: tf.Tensor): tf.Tensor {
  return tile.own === undefined ? tf.clone(others) : tf.where(tile.own, target, others);
}

/** ∂loss/∂X: tangential part / ‖x‖, and along x̂ what depends on the norm. */
function embeddingGradient(
  { loss, x, points, prepared, reduced }: GradientInput,
  own: OwnTerms,
  sums: SampleSums,
  slope: tf.Tensor,
): tf.Tensor {
  const target = tf.mul(slope, points.tangentX);
  if (loss.geometry === 'inner') return tf.add(sums.pull, target);
  const sideways = tf.mul(tf.add(tangential(sums.pull, x.unit), target), x.inverse);
  let along = tf.add(sums.radial, reduced.dNormOfRegulariser);
  along = tf.add(along, tf.mul(own.gradient, tf.mul(prepared.rowScale, prepared.target.dNorm)));
  if (loss.geometry === 'norm-scaled') along = tf.add(along, tf.mul(own.gradient, prepared.target.value));
  return tf.add(sideways, tf.mul(column(along), x.unit));
}

/** ∂loss/∂W: the tiles' rows, and onto them what the samples of each class add. */
function weightGradient(
  { points, labels, classes }: GradientInput,
  tiles: readonly TileGradients[],
  slope: tf.Tensor,
): tf.Tensor {
  const target = tf.mul(tf.mul(slope, points.tangentW), points.inverseW);
  const rows = tf.concat(tiles.map((tile) => tile.weights));
  return tf.add(rows, tf.scatterND(column(labels), target, [classes, target.shape[1]!]));
}

function biasGradient(
  { labels, classes }: GradientInput,
  tiles: readonly TileGradients[],
  own: OwnTerms,
): tf.Tensor {
  const others = tf.concat(tiles.map((tile) => tile.bias!));
  return tf.add(others, tf.scatterND(column(labels), own.gradient, [classes]));
}

function bySample(tiles: readonly TileGradients[], name: 'logits' | 'gradLogits'): tf.Tensor {
  return tf.transpose(tf.concat(tiles.map((tile) => tile[name]!)));
}

/** [B] → [B, 1]. */
function column(values: tf.Tensor): tf.Tensor {
  return tf.reshape(values, [-1, 1]);
}
