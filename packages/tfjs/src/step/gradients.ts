import { type ReducedSamples, type TargetSlopes, type TargetValue, targetSlopes } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { select } from '../ops/select.ts';
import { sumOverRows } from '../ops/sum-over-rows.ts';
import { tfOps } from '../ops/tf-ops.ts';
import { ownClasses, type TileSource } from './class-tiles.ts';
import type { NegativeGradients, TileGradients } from './negative-gradients.ts';
import { addOwnRows, addsOwnRows, scatterOwn } from './scatter-own.ts';
import type { TargetPoints } from './target-points.ts';
import { perLengthUnit, type UnitRows } from './unit-rows.ts';

/** What a step differentiates. */
export type Gradients = {
  /** [B, d]. */
  readonly embeddings: tf.Tensor;
  /** [C·K, d]. */
  readonly weights: tf.Tensor;
  /** [C], or [1] where all classes share it; where the loss has a bias. */
  readonly bias?: tf.Tensor;
  /** [B, C], where inspected. */
  readonly logits?: tf.Tensor;
  /** ∂loss/∂logits: [B, C], where inspected. */
  readonly gradLogits?: tf.Tensor;
};

/** All that gradients are made of, once the negatives have been seen. */
export interface GradientInput {
  readonly source: TileSource;
  readonly x: UnitRows;
  readonly points: TargetPoints;
  readonly target: TargetValue<tf.Tensor, tf.Tensor>;
  readonly targetLogit: tf.Tensor;
  readonly reduced: ReducedSamples<tf.Tensor>;
  /** What the negatives pull at. */
  readonly negatives: NegativeGradients;
}

/**
 * The gradients of a step: those of the negatives, and what each sample's own class and its norm add. The target goes its own
 * way, without cancellation ({@link TargetPoints}).
 */
export function gradients(input: GradientInput): Gradients {
  const { source, negatives } = input;
  const own = ownTerms(input);
  const { tiles } = negatives;
  return {
    embeddings: embeddingGradient(input, own),
    weights: weightGradient(input, own),
    ...(source.loss.bias ? { bias: biasGradient(source, tiles, own) } : {}),
    ...(tiles[0]!.logits === undefined
      ? {}
      : {
          logits: withTargets(source, tiles, 'logits', input.targetLogit),
          gradLogits: withTargets(source, tiles, 'gradLogits', own.gradient),
        }),
  };
}

/** What each sample's own class adds. */
interface OwnTerms extends TargetSlopes<tf.Tensor> {
  /** What the sample adds to ∂loss/∂w_y: [B, d]. */
  readonly weights: tf.Tensor;
}

function ownTerms({ source, target, reduced, points }: GradientInput): OwnTerms {
  const { loss, prepared } = source;
  const slopes = targetSlopes(tfOps, loss, { ...reduced, target, logitScale: prepared.logitScale });
  const sideways = tf.mul(column(slopes.slope), points.tangentW);
  return {
    ...slopes,
    weights: loss.geometry === 'inner' ? sideways : perLengthUnit(tf.mul(sideways, points.inverseW)),
  };
}

/** One tensor of all tiles, which are freed. */
function joined(parts: readonly tf.Tensor[]): tf.Tensor {
  if (parts.length === 1) return parts[0]!;
  const whole = tf.concat([...parts]);
  tf.dispose([...parts]);
  return whole;
}

/** ∂loss/∂W: [C·K, d]. */
function weightGradient({ negatives, points }: GradientInput, own: OwnTerms): tf.Tensor {
  const parts = negatives.tiles.map(({ weights }) => weights);
  if (addsOwnRows()) {
    const weights = joined(parts);
    addOwnRows(weights, points.rows, own.weights);
    return weights;
  }
  let start = 0;
  const withOwn = parts.map((part) => {
    const size = part.shape[0]!;
    const sum = tf.tidy(() => tf.add(part, scatterOwn(points.rows, own.weights, start, size)));
    part.dispose();
    start += size;
    return sum;
  });
  return joined(withOwn);
}

/** ∂loss/∂b: [C], or [1] where all classes share it. */
function biasGradient(
  { loss, labels, classes }: TileSource,
  tiles: readonly TileGradients[],
  own: OwnTerms,
): tf.Tensor {
  const negatives = joined(tiles.map(({ bias }) => bias!));
  const ofClasses = tf.add(negatives, scatterOwn(labels, own.bias, 0, classes));
  return loss.bias?.of === 'each class' ? ofClasses : sumOverRows(tf.reshape(ofClasses, [-1, 1]));
}

/** What was inspected of the negatives, with the targets in their places: [B, C]. */
function withTargets(
  { labels, classes }: TileSource,
  tiles: readonly TileGradients[],
  name: 'logits' | 'gradLogits',
  target: tf.Tensor,
): tf.Tensor {
  const own = tf.cast(ownClasses(labels, { start: 0, size: classes }), 'bool');
  return tf.transpose(select(own, target, joined(tiles.map((tile) => tile[name]!))));
}

/** ∂loss/∂X: tangential part / ‖x‖, and along x̂ what depends on the norm. */
function embeddingGradient({ source, x, points, negatives }: GradientInput, own: OwnTerms): tf.Tensor {
  const { sums } = negatives;
  const pull = tf.transpose(sums.pull);
  const target = tf.mul(column(own.slope), points.tangentX);
  if (source.loss.geometry === 'inner') return tf.add(pull, target);
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
