import { type MarginLoss, prepareSamples, reduceSamples, targetOfSums } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { tfBatchOps } from '../ops/tf-batch-ops.ts';
import { biasOfSamples } from './class-rows.ts';
import { classValuesOf, nextClassValues } from './class-values.ts';
import { type Gradients, gradients } from './gradients.ts';
import type { HardNegatives } from './hard-negatives.ts';
import { passesOver } from './passes.ts';
import type { StateTensors, StepInput, StepOptions } from './step-input.ts';
import { survey } from './survey.ts';
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
 * The streaming head on tensors: target cosines, statistics, passes over the classes, reduction, gradients. It never holds a B × C
 * matrix unless it is asked to be inspected, and leaves no tensor behind but those it returns.
 */
export function tensorStep(loss: MarginLoss, input: StepInput, options: StepOptions): StepTensors {
  return tf.tidy(() => runStep(loss, input, options));
}

function runStep(loss: MarginLoss, input: StepInput, options: StepOptions): StepTensors {
  const { embeddings, weights, labels, sampleWeights, draws, state, mode } = input;
  const { subCenters } = options;
  const [batch] = embeddings.shape;
  const inner = loss.geometry === 'inner';
  const x = inner ? plainRows(embeddings) : unitRows(embeddings);
  const norm = tf.reshape(x.norms, [batch]);
  const bias = input.bias && biasOfSamples(input.bias, labels);
  const points = targetPoints({ geometry: loss.geometry, x, weights, labels, bias, subCenters });
  const { cos, sin } = points;
  const factor = inner ? x.unit : perLengthUnit(x.unit);
  const tiling = {
    ...options,
    weights,
    bias: input.bias,
    labels,
    factor,
    classes: weights.shape[0] / subCenters,
  };
  const classes = tf.scalar(tiling.classes);
  const besideLogit = loss.objective.kind === 'binary' ? bias : undefined;
  const ofClass = classValuesOf(loss, labels, state);
  const known = { cos, sin, norm, draws, state, mode, classes, ofClass, bias: besideLogit };
  const before = { ...known, labels: tf.cast(labels, 'float32') };
  const samples = { ...before, surveyed: survey(loss, before, tiling) };
  const prepared = prepareSamples(tfBatchOps, loss, samples);

  const source = { ...tiling, loss, prepared };
  const passes = passesOver(source, input, options);
  const { negatives, sums, hard, nearest } = passes;
  const { target, targetLogit } =
    loss.negativeSums === undefined ? prepared : targetOfSums(tfBatchOps, loss, samples, prepared, sums);
  const { logitScale, next } = prepared;
  const found = { targetLogit, negatives, sums, logitScale, classes, norm, sampleWeights, state, next, mode };
  const reduced = reduceSamples(tfBatchOps, loss, found);
  const ofClasses = mode === 'train' ? nextClassValues(loss, prepared, { labels, state, ofClass }) : state;
  const gradientInput = { source, x, points, target, targetLogit, reduced };
  return {
    loss: reduced.loss as tf.Scalar,
    losses: reduced.losses as tf.Tensor1D,
    regulariser: reduced.regulariser as tf.Scalar,
    ...(options.gradients
      ? { gradients: gradients({ ...gradientInput, negatives: passes.gradients(reduced) }) }
      : {}),
    meanTargetCosine: tf.mean(cos),
    pastPiShare: shareOf(target.pastPi),
    ...(hard ? { hardNegatives: hard } : {}),
    ...(nearest ? { accuracy: shareOf(tf.greater(cos, nearest)) } : {}),
    // A formula may hand back the state that it was given.
    nextState: Object.fromEntries(
      Object.entries({ ...ofClasses, ...reduced.next }).map(([name, value]) => [name, tf.clone(value)]),
    ),
  };
}

function shareOf(mask: tf.Tensor): tf.Scalar {
  return tf.mean(tf.cast(mask, 'float32'));
}
