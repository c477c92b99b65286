import { type CheckedInput, type HeadInput, type MarginLoss, marginDraws } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { classTiles } from './class-tiles.ts';
import { type Gradients, gradients } from './gradients.ts';
import type { HardNegatives } from './hard-negatives.ts';
import { negativeLogSumExp } from './log-sum-exp.ts';
import { prepareBatch } from './prepare-batch.ts';
import { reduceBatch } from './reduce-batch.ts';
import { targetPoints } from './target-points.ts';
import { plainRows, unitRows } from './unit-rows.ts';

/** The arrays of one batch in the precision they are computed in. */
export interface Float32Input {
  /** [B, d]. */
  readonly embeddings: Float32Array;
  /** [C, d]. */
  readonly weights: Float32Array;
  /** [C], where the loss has a bias. */
  readonly bias: Float32Array | undefined;
  readonly draws: HeadInput['draws'];
}

export interface StepOptions {
  readonly tileSize: number;
  readonly inspect: boolean;
}

/** One step, still on the device; the caller frees it. */
export type StepTensors = {
  /** Per-sample losses: [B]. */
  readonly losses: tf.Tensor;
  readonly gradients: Gradients;
  /** Numbers of the whole batch. */
  readonly scalars: StepScalars<tf.Tensor>;
  /** The state after this step; scalars. */
  readonly next: Record<string, tf.Tensor>;
};

/** Numbers of the whole batch: on the device or read. */
export type StepScalars<T> = {
  readonly loss: T;
  readonly regulariser: T;
  readonly meanTargetCosine: T;
  readonly pastPiShare: T;
} & { readonly [Name in keyof HardNegatives]: T };

/**
 * The streaming head on tensors: target cosines, statistics, pass 1, reduction, pass 2. It never holds a B × C
 * matrix unless it is asked to be inspected, and leaves no tensor behind but those it returns.
 */
export function headStep(
  loss: MarginLoss,
  arrays: Float32Input,
  checked: CheckedInput,
  options: StepOptions,
): StepTensors {
  return tf.tidy(() => runStep(loss, arrays, checked, options));
}

function runStep(
  loss: MarginLoss,
  arrays: Float32Input,
  checked: CheckedInput,
  { tileSize, inspect }: StepOptions,
): StepTensors {
  const { batch, classes, dim, state, mode } = checked;
  const embeddings = tf.tensor2d(arrays.embeddings, [batch, dim]);
  const weights = tf.tensor2d(arrays.weights, [classes, dim]);
  const bias = arrays.bias && tf.tensor2d(arrays.bias, [classes, 1]);
  const labels = tf.tensor1d(checked.labels, 'int32');
  const drawn = marginDraws(loss, state, mode, checked.sampleKeys, arrays.draws);

  const x = loss.geometry === 'inner' ? plainRows(embeddings) : unitRows(embeddings);
  const norm = tf.reshape(x.norms, [batch]);
  const points = targetPoints(loss.geometry, x, weights, bias, labels);
  const draws = drawn && tf.tensor1d(Float32Array.from(drawn));
  const prepared = prepareBatch(loss, points, norm, draws, state, mode);

  const stream = classTiles({ loss, x, weights, bias, labels: checked.labels, prepared, tileSize });
  const { max, sum, ...hardNegatives } = negativeLogSumExp(stream, prepared.target.pivot, batch);
  const negatives = { max, sum };
  const reduced = reduceBatch(loss, prepared, negatives, norm, checked);
  return {
    losses: reduced.losses,
    gradients: gradients({
      loss,
      x,
      stream,
      points,
      prepared,
      negatives,
      reduced,
      labels,
      classes,
      inspect,
    }),
    scalars: {
      loss: reduced.loss,
      regulariser: reduced.regulariser,
      meanTargetCosine: tf.mean(points.cos),
      pastPiShare: tf.mean(tf.cast(prepared.target.pastPi, 'float32')),
      ...hardNegatives,
    },
    next: { ...reduced.next },
  };
}
