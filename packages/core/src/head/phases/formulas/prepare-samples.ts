import { logitScale } from '../../../losses/logit-scale.ts';
import type { BatchStatistics, MarginLoss, Prepared } from '../../../losses/margin-loss.ts';
import type { TargetPoint, TargetValue } from '../../../margin/target-margin.ts';
import type { BatchOps } from '../../../ops/tensor-ops.ts';
import type { Mode, StateValues } from '../../../weighting/sample-weighting.ts';

/** Where the samples of a batch stand to their own classes, each [B], and the state before the step. */
export interface SamplePoints<T> extends TargetPoint<T> {
  /** Margins drawn for this step. */
  readonly draws: BatchStatistics<T>['draws'];
  readonly state: StateValues<T>;
  readonly mode: Mode;
}

/** What the two passes over the classes need to know of each sample; each [B], or a scalar for all samples. */
export interface PreparedSamples<T, M> extends Prepared<T> {
  /** What the logits of a sample are multiplied by. */
  readonly logitScale: T;
  /** T, its slopes and the pivot, before scaling. */
  readonly target: TargetValue<T, M>;
  /** z_y, the target's logit. */
  readonly targetLogit: T;
}

/** The loss's statistics and its target formula on the target cosines of the whole batch. */
export function prepareSamples<T, M>(
  ops: BatchOps<T, M>,
  loss: MarginLoss,
  { cos, sin, norm, draws, state, mode }: SamplePoints<T>,
): PreparedSamples<T, M> {
  const prepared = loss.prepare(ops, { cosTarget: cos, norm, draws }, state, mode);
  const target = loss.target(ops, { cos, sin, norm }, prepared.sampleValues);
  const scale = logitScale(ops, loss, norm);
  return { ...prepared, logitScale: scale, target, targetLogit: ops.mul(scale, target.value) };
}
