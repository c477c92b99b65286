import { type ReducedSamples, readsLosses, weightSamples } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { tfBatchOps } from '../ops/tf-batch-ops.ts';
import { binaryPass } from './binary-pass.ts';
import { classTiles, type TileSource } from './class-tiles.ts';
import { firstPass, type LogSumExp } from './log-sum-exp.ts';
import type { NegativeGradients } from './negative-gradients.ts';
import { secondPass } from './second-pass.ts';
import type { Seen } from './seen.ts';
import type { StepInput, StepOptions } from './step-input.ts';

/** The passes over the classes, of which the first has been made. */
export type Passes = Seen & {
  /** Of a binary objective, which no log-sum-exp joins, that of no negative. */
  readonly negatives: LogSumExp;
  /** What the negatives pull at: another pass, unless the first has found it. */
  gradients(reduced: ReducedSamples<tf.Tensor>): NegativeGradients;
};

/** Two passes for a softmax; for a binary objective one, or two where the weighting must see the losses first. */
export function passesOver(source: TileSource, input: StepInput, options: StepOptions): Passes {
  if (source.loss.objective.kind === 'binary') return binaryPasses(source, input, options);
  const stream = classTiles(source);
  const first = firstPass(source, stream, options);
  return {
    ...first,
    gradients: (reduced) => secondPass(source, stream, reduced, first.negatives, options.inspect),
  };
}

function binaryPasses(source: TileSource, input: StepInput, options: StepOptions): Passes {
  const two = options.gradients && readsLosses(source.loss.weighting, input.mode);
  // A tile that is visited once is not kept.
  const stream = classTiles(two ? source : { ...source, keepBytes: 0 });
  const slopes = options.gradients && !two ? slopesBefore(source, input) : undefined;
  const { seen, gradients } = binaryPass(source, stream, slopes, options);
  const again = { ...options, countNegatives: false, nearest: false };
  return {
    ...seen,
    negatives: { max: tf.scalar(0), sum: tf.scalar(1) },
    gradients: ({ dNll }) => gradients ?? binaryPass(source, stream, dNll, again).gradients!,
  };
}

/** ∂loss/∂ℓ_i where it does not depend on the losses: [B]. */
function slopesBefore({ loss }: TileSource, { sampleWeights, state, mode }: StepInput): tf.Tensor {
  const nll = tf.zerosLike(sampleWeights);
  return weightSamples(tfBatchOps, loss, { nll, sampleWeights, state, mode }).dNll;
}
