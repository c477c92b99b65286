import { logitScale } from '../../../losses/logit-scale.ts';
import type { BatchStatistics, MarginLoss, Prepared } from '../../../losses/margin-loss.ts';
import type { TargetPoint, TargetValue } from '../../../margin/target-margin.ts';
import type { BatchOps, TensorOps } from '../../../ops/tensor-ops.ts';
import type { Mode, StateValues } from '../../../weighting/sample-weighting.ts';
import { biased } from './negative-terms.ts';

/** Where the samples of a batch stand to their own classes, each [B], and the state before the step. */
export interface SamplePoints<T> extends TargetPoint<T>, Omit<BatchStatistics<T>, 'cosTarget' | 'norm'> {
  /** b of each sample's class, where a binary objective has one. */
  readonly bias: T | undefined;
  readonly state: StateValues<T>;
  readonly mode: Mode;
}

/** A target on the way to its logit. */
export interface PreparedTarget<T, M> {
  /** T, its slopes and the pivot, before scaling. */
  readonly target: TargetValue<T, M>;
  /** z_y, the target's logit. */
  readonly targetLogit: T;
}

/** What the two passes over the classes need to know of each sample; each [B], or a scalar for all samples. */
export interface PreparedSamples<T, M> extends Prepared<T>, PreparedTarget<T, M> {
  /** What the logits of a sample are multiplied by. */
  readonly logitScale: T;
}

/**
 * The loss's statistics and its target formula on the target cosines of the whole batch. Where the target needs sums over
 * the negatives it is there for its pivot, and {@link targetOfSums} gives the rest.
 */
export function prepareSamples<T, M>(
  ops: BatchOps<T, M>,
  loss: MarginLoss,
  points: SamplePoints<T>,
): PreparedSamples<T, M> {
  const { cos, norm, state, mode } = points;
  const prepared = loss.prepare(ops, { ...points, cosTarget: cos }, state, mode);
  const scale = logitScale(ops, loss, norm, prepared.scale);
  const names = loss.negativeSums?.names ?? [];
  const none = Object.fromEntries(names.map((name) => [name, ops.constant(0)]));
  const sample = { ...prepared, logitScale: scale };
  return { ...sample, ...targetOfSums(ops, loss, points, sample, none) };
}

/** The target's formula, once the sums over the negatives are known that it may need. */
export function targetOfSums<T, M>(
  ops: TensorOps<T, M>,
  loss: Pick<MarginLoss, 'target' | 'negativeSums' | 'objective'>,
  { cos, sin, norm, bias }: TargetPoint<T> & Pick<SamplePoints<T>, 'bias'>,
  { sampleValues, logitScale }: Pick<PreparedSamples<T, M>, 'sampleValues' | 'logitScale'>,
  sums: Readonly<Record<string, T>>,
): PreparedTarget<T, M> {
  const sample = { ...sampleValues, ...loss.negativeSums?.sampleValues(ops, sums) };
  const target = loss.target(ops, { cos, sin, norm }, sample);
  const scaled = ops.mul(logitScale, target.value);
  const { objective } = loss;
  return { target, targetLogit: objective.kind === 'binary' ? biased(ops, objective, scaled, bias) : scaled };
}
