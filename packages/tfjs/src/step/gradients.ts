import { type MarginLoss, type ReducedSamples, type TargetSlopes, targetSlopes } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { acrossRows } from '../ops/across-rows.ts';
import { transposedProduct } from '../ops/multiply.ts';
import { select } from '../ops/select.ts';
import { sumOverRows } from '../ops/sum-over-rows.ts';
import { tfOps } from '../ops/tf-ops.ts';
import type { ClassTile, TileSource, TileStream } from './class-tiles.ts';
import type { LogSumExp } from './log-sum-exp.ts';
import { addOwnRows, addsOwnRows, scatterOwn } from './scatter-own.ts';
import type { TargetPoints } from './target-points.ts';
import { perLengthUnit, type UnitRows } from './unit-rows.ts';

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
export interface GradientInput
  extends Pick<TileSource, 'loss' | 'factor' | 'prepared' | 'labels' | 'inspect'> {
  readonly x: UnitRows;
  readonly stream: TileStream;
  readonly points: TargetPoints;
  readonly negatives: LogSumExp;
  readonly reduced: ReducedSamples<tf.Tensor>;
}

/**
 * Pass 2: g_ij = dNll_i·(p_ij − δ_ij), through N′ and T′ to the cosines, and through the tangents of the two
 * normalisations to X and W. The target goes its own way, without cancellation ({@link TargetPoints}).
 *
 * Tiles come in reverse, so that the last one of pass 1 need not be made again.
 */
export function gradients(input: GradientInput): Gradients {
  const { stream, loss } = input;
  const own = ownTerms(input);
  const [batch, dim] = input.x.unit.shape as [number, number];
  let sums: SampleSums = { pull: tf.zeros([dim, batch]), radial: tf.zeros([batch]) };
  const tiles: TileGradients[] = [];
  for (let index = stream.count - 1; index >= 0; index--) {
    const tile = stream.tile(index);
    const before = sums;
    const added = tf.tidy(() => addTile(input, tile, own, before));
    tf.dispose(before);
    sums = added.sums;
    tiles.unshift(added.tile);
  }
  const joined = (name: keyof TileGradients): tf.Tensor => {
    const parts = tiles.map((tile) => tile[name]!);
    if (parts.length === 1) return parts[0]!;
    const whole = tf.concat(parts);
    tf.dispose(parts);
    return whole;
  };
  const weights = joined('weights');
  if (addsOwnRows()) addOwnRows(weights, input.labels, own.weights);
  return {
    embeddings: embeddingGradient(input, own, sums),
    weights,
    ...(loss.bias ? { bias: joined('bias') } : {}),
    ...(input.inspect
      ? { logits: tf.transpose(joined('logits')), gradLogits: tf.transpose(joined('gradLogits')) }
      : {}),
  };
}

/** What each sample's own class adds. */
interface OwnTerms extends TargetSlopes<tf.Tensor> {
  /**
   * dNll·(1 − p)/sum: what e^{z − max} of a negative is multiplied by, [B]. The negatives share 1 − p between them, so
   * p adds up to 1, and no digit is lost to the size of the log-sum-exp.
   */
  readonly share: tf.Tensor;
  /** What the sample adds to ∂loss/∂w_y: [B, d]. */
  readonly weights: tf.Tensor;
}

function ownTerms({ loss, prepared, reduced, negatives, points }: GradientInput): OwnTerms {
  const slopes = targetSlopes(tfOps, loss, { ...prepared, ...reduced });
  const sideways = tf.mul(column(slopes.slope), points.tangentW);
  return {
    ...slopes,
    share: tf.div(tf.neg(slopes.gradient), negatives.sum),
    weights: loss.geometry === 'inner' ? sideways : perLengthUnit(tf.mul(sideways, points.inverseW)),
  };
}

/** What runs along with the tiles. */
type SampleSums = {
  /** Σ_j slope_ij·w_j·inverse_j, where the inverse length is the tile's, a column a sample: [d, B]. */
  readonly pull: tf.Tensor;
  /** Σ_j g_ij·N_ij, where the row is scaled by the norm: [B]. */
  readonly radial: tf.Tensor;
};

/** What belongs to the classes of one tile. */
type TileGradients = Omit<Gradients, 'embeddings'>;

function addTile(
  { loss, factor, prepared, negatives, labels, inspect }: GradientInput,
  tile: ClassTile,
  own: OwnTerms,
  before: SampleSums,
): { sums: SampleSums; tile: TileGradients } {
  const { negative, logits, rows, start } = tile;
  const { exp, shift } = tile.exponentials!;
  const size = rows.shape[0]!;
  const scaledByNorm = loss.geometry === 'norm-scaled';
  const share = tf.mul(own.share, tf.exp(tf.sub(shift, negatives.max)));
  const gradient = tf.mul(exp, share);
  const slopes = tf.mul(gradient, tf.mul(negative.dCos, prepared.logitScale));
  // ∂/∂(w_j·x̂_i): divided by ‖w‖ once, here, where there is one number a pair and not one a coordinate.
  const pulls =
    loss.geometry === 'inner' ? slopes : tf.mul(slopes, acrossRows(tile.inverse, slopes.shape[1]!));
  const negativesAlone = weightRows(loss, factor, tile, pulls);
  const weights = addsOwnRows()
    ? negativesAlone
    : tf.add(negativesAlone, scatterOwn(labels, own.weights, start, size));
  return {
    sums: {
      pull: tf.add(before.pull, transposedProduct(rows, pulls)),
      radial: scaledByNorm
        ? tf.add(before.radial, sumOverRows(tf.mul(gradient, negative.value)))
        : tf.clone(before.radial),
    },
    tile: {
      weights,
      ...(loss.bias ? { bias: tf.add(tf.sum(slopes, 1), scatterOwn(labels, own.slope, start, size)) } : {}),
      ...(inspect
        ? {
            logits: withOwn(tile, prepared.targetLogit, logits),
            gradLogits: withOwn(tile, own.gradient, gradient),
          }
        : {}),
    },
  };
}

function withOwn(tile: ClassTile, target: tf.Tensor, others: tf.Tensor): tf.Tensor {
  return select(tf.cast(tile.own, 'bool'), target, others);
}

/**
 * ∂loss/∂W from the negatives: Σ_i pulls_ij·(x̂_i − cos θ_ij·ŵ_j), the part along ŵ_j from the cosines that are there
 * already.
 */
function weightRows(loss: MarginLoss, factor: tf.Tensor, tile: ClassTile, pulls: tf.Tensor): tf.Tensor {
  const towards = tf.matMul(pulls, factor);
  if (loss.geometry === 'inner') return towards;
  const cosines = tf.sum(tf.mul(pulls, tile.cosines), 1, true);
  const along = tf.mul(perLengthUnit(cosines), perLengthUnit(tile.inverse));
  return tf.sub(towards, tf.mul(tile.rows, acrossRows(along, tile.rows.shape[1]!)));
}

/** ∂loss/∂X: tangential part / ‖x‖, and along x̂ what depends on the norm. */
function embeddingGradient({ loss, x, points }: GradientInput, own: OwnTerms, sums: SampleSums): tf.Tensor {
  const pull = tf.transpose(sums.pull);
  const target = tf.mul(column(own.slope), points.tangentX);
  if (loss.geometry === 'inner') return tf.add(pull, target);
  const tangent = tf.add(tangential(perLengthUnit(pull), x.unit), target);
  const sideways = perLengthUnit(tf.mul(tangent, x.inverse));
  return tf.add(sideways, tf.mul(column(tf.add(sums.radial, own.radial)), x.unit));
}

/** The part of each row that is orthogonal to the unit vector beside it; [rows, d]. */
function tangential(rows: tf.Tensor, unit: tf.Tensor): tf.Tensor {
  return tf.sub(rows, tf.mul(unit, tf.sum(tf.mul(rows, unit), 1, true)));
}

/** [B] → [B, 1]. */
function column(values: tf.Tensor): tf.Tensor {
  return tf.reshape(values, [-1, 1]);
}
