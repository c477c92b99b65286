import type { MarginLoss, SampleValues, TargetValue } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import type { StepInput } from './step-input.ts';
import type { TargetPoints } from './target-points.ts';
import { tfBatchOps } from './tf-batch-ops.ts';
import { tfOps } from './tf-ops.ts';

/** What the two passes over the classes need to know of each sample; scalars stand for all samples. */
export interface PreparedBatch {
  /** The loss's sample values, as its formulas read them; scalar or [B]. */
  readonly sampleValues: SampleValues<tf.Tensor>;
  /** What the logits of a row are multiplied by (s, ‖x‖ or 1): scalar or [B]. */
  readonly logitScale: tf.Tensor;
  /** T, its slopes and the pivot, before scaling; scalar or [B] each. */
  readonly target: TargetValue<tf.Tensor, tf.Tensor>;
  /** The loss's part of the state after this step; scalars. */
  readonly next: Readonly<Record<string, tf.Tensor>>;
}

/** Runs the loss's statistics and target formula on the target cosines of the whole batch: O(B). */
export function prepareBatch(
  loss: MarginLoss,
  points: TargetPoints,
  norm: tf.Tensor,
  { draws, state, mode }: Pick<StepInput, 'draws' | 'state' | 'mode'>,
): PreparedBatch {
  const prepared = loss.prepare(tfBatchOps, { cosTarget: points.cos, norm, draws }, state, mode);
  return {
    sampleValues: prepared.sampleValues,
    logitScale: loss.geometry === 'norm-scaled' ? norm : tf.scalar(loss.scale),
    target: loss.target(tfOps, { cos: points.cos, sin: points.sin, norm }, prepared.sampleValues),
    next: prepared.next,
  };
}
