import { type MarginLoss, prepareSamples, reduceSamples } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { tfBatchOps } from '../ops/tf-batch-ops.ts';
import { classTiles } from './class-tiles.ts';
import { type Gradients, gradients } from './gradients.ts';
import type { HardNegatives } from './hard-negatives.ts';
import { firstPass } from './log-sum-exp.ts';
import type { StateTensors, StepInput, StepOptions } from './step-input.ts';
import { targetPoints } from './target-points.ts';
import { perLengthUnit, plainRows, unitRows } from './unit-rows.ts';

/** What a step gives: tensors in the caller's scope. Only `loss` can be differentiated. */
export type TensorHeadOutput = {
  /** Mean over the batch, regulariser included; a function of embeddings, weights and bias. */
  readonly loss: tf.Scalar;
  /** Per-sample losses, weights and G applied, without the regulariser: [B]. */
  readonly losses: tf.Tensor1D;
  readonly regulariser: tf.Scalar;
  /** Mean of cos θ_y: CurricularFace's r. */
  readonly meanTargetCosine: tf.Scalar;
  /** Share of the samples whose angle with its margin is past π. */
  readonly pastPiShare: tf.Scalar;
  /** State after this step, to hand in with the next; never the tensors that came in. */
  readonly nextState: StateTensors;
  /** With `countNegatives`. */
  readonly hardNegatives?: HardNegatives;
  /** With `accuracy`: share of the samples nearer to their own class than to any other. */
  readonly accuracy?: tf.Scalar;
};

/** One step, still on the device; the caller frees it. */
export type StepTensors = TensorHeadOutput & {
  /** Where they are asked for. */
  readonly gradients?: Gradients;
};

/**
 * The streaming head on tensors: target cosines, statistics, pass 1, reduction, pass 2. It never holds a B × C
 * matrix unless it is asked to be inspected, and leaves no tensor behind but those it returns.
 */
export function tensorStep(loss: MarginLoss, input: StepInput, options: StepOptions): StepTensors {
  return tf.tidy(() => runStep(loss, input, options));
}

function runStep(loss: MarginLoss, input: StepInput, options: StepOptions): StepTensors {
  const { embeddings, weights, bias, labels, sampleWeights, draws, state, mode } = input;
  const [batch] = embeddings.shape;
  const x = loss.geometry === 'inner' ? plainRows(embeddings) : unitRows(embeddings);
  const norm = tf.reshape(x.norms, [batch]);
  const points = targetPoints(loss.geometry, x, weights, bias, labels);
  const { cos, sin } = points;
  const prepared = prepareSamples(tfBatchOps, loss, { cos, sin, norm, draws, state, mode });

  const factor = loss.geometry === 'inner' ? x.unit : perLengthUnit(x.unit);
  const stream = classTiles({ loss, factor, weights, bias, labels, prepared, ...options });
  const first = firstPass(stream, prepared, options);
  const { negatives } = first;
  const sums = { ...prepared, negatives, norm, sampleWeights, state, mode };
  const reduced = reduceSamples(tfBatchOps, loss, sums);
  const { inspect } = options;
  const gradientInput = { loss, x, factor, stream, points, prepared, negatives, reduced, labels, inspect };
  return {
    loss: reduced.loss as tf.Scalar,
    losses: reduced.losses as tf.Tensor1D,
    regulariser: reduced.regulariser as tf.Scalar,
    ...(options.gradients ? { gradients: gradients(gradientInput) } : {}),
    meanTargetCosine: tf.mean(cos),
    pastPiShare: shareOf(prepared.target.pastPi),
    ...(first.hard ? { hardNegatives: first.hard } : {}),
    ...(first.nearest ? { accuracy: shareOf(tf.greater(cos, first.nearest)) } : {}),
    // A formula may hand back the state that it was given.
    nextState: Object.fromEntries(
      Object.entries(reduced.next).map(([name, value]) => [name, tf.clone(value)]),
    ),
  };
}

function shareOf(mask: tf.Tensor): tf.Scalar {
  return tf.mean(tf.cast(mask, 'float32'));
}
