import type { MarginLoss } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { expm1, log1p } from './elementary.ts';
import type { LogSumExp } from './log-sum-exp.ts';
import type { PreparedBatch } from './prepare-batch.ts';
import type { StepInput } from './step-input.ts';
import { tfBatchOps } from './tf-batch-ops.ts';
import { tfOps } from './tf-ops.ts';

/** What the whole batch comes to, once the log-sum-exp is known: O(B). */
export interface ReducedBatch {
  /** Regulariser included: scalar. */
  readonly loss: tf.Tensor;
  /** Scalar. */
  readonly regulariser: tf.Tensor;
  /** Per-sample losses without the regulariser: [B]. */
  readonly losses: tf.Tensor;
  /** ∂loss/∂nll_i: [B]. */
  readonly dNll: tf.Tensor;
  /** 1 − p_i: [B]. */
  readonly miss: tf.Tensor;
  /** ∂regulariser/∂‖x_i‖: scalar 0 or [B]. */
  readonly dNormOfRegulariser: tf.Tensor;
  /** The state after this step; scalars. */
  readonly next: Readonly<Record<string, tf.Tensor>>;
}

/** nll = log(1 + e^{lse − z_y}), then G and the mean. */
export function reduceBatch(
  loss: MarginLoss,
  prepared: PreparedBatch,
  negatives: LogSumExp,
  norm: tf.Tensor,
  { sampleWeights, state, mode }: Pick<StepInput, 'sampleWeights' | 'state' | 'mode'>,
): ReducedBatch {
  const targetLogit = tf.mul(prepared.logitScale, prepared.target.value);
  // Near logits are subtracted first: their difference is exact.
  const gap = tf.add(tf.sub(negatives.max, targetLogit), tf.log(tf.maximum(negatives.sum, tf.scalar(1))));
  const nll = softplus(gap);
  const names = Object.keys(loss.weighting.initialValues);
  const own = Object.fromEntries(names.map((name) => [name, state[name]!]));
  const reduced = loss.weighting.reduce(tfBatchOps, { nll, sampleWeights }, own, mode);
  const regulariser = meanRegulariser(loss, norm, sampleWeights);
  const step = mode === 'train' ? tf.add(state.step!, 1) : state.step!;
  return {
    loss: tf.add(reduced.loss, regulariser.mean),
    regulariser: regulariser.mean,
    losses: reduced.losses,
    dNll: reduced.dNll,
    miss: tf.neg(expm1(tf.neg(nll))),
    dNormOfRegulariser: regulariser.slopes,
    next: { step, ...prepared.next, ...reduced.next },
  };
}

/** log(1 + e^x) = max(x, 0) + log1p(e^−|x|): neither overflows, nor loses the digits of a small result. */
function softplus(x: tf.Tensor): tf.Tensor {
  return tf.add(tf.relu(x), log1p(tf.exp(tf.neg(tf.abs(x)))));
}

function meanRegulariser(
  loss: MarginLoss,
  norm: tf.Tensor,
  weights: tf.Tensor,
): { mean: tf.Tensor; slopes: tf.Tensor } {
  if (loss.regulariser === undefined) return { mean: tf.scalar(0), slopes: tf.scalar(0) };
  const { value, dNorm } = loss.regulariser(tfOps, norm);
  const batch = tf.scalar(norm.size);
  return {
    mean: tf.div(tf.sum(tf.mul(weights, value)), batch),
    slopes: tf.div(tf.mul(weights, dNorm), batch),
  };
}
