import type { MarginLoss } from '../../../losses/margin-loss.ts';
import type { SampleLogits, SampleLoss } from '../../../objective/objective.ts';
import type { BatchOps } from '../../../ops/tensor-ops.ts';
import type { Mode, ReducedLosses, StateValues } from '../../../weighting/sample-weighting.ts';
import { meanRegulariser } from './mean-regulariser.ts';

/** What is known of the samples of a batch after the pass over their negatives; each [B]. */
export interface SampleSums<T> extends SampleLogits<T> {
  /** ‖x‖. */
  readonly norm: T;
  readonly sampleWeights: T;
  /** Before the step; scalars. */
  readonly state: StateValues<T>;
  /** The loss's own part of the state after it. */
  readonly next: StateValues<T>;
  readonly mode: Mode;
}

/** What the whole batch comes to. */
export interface ReducedSamples<T> extends ReducedLosses<T>, Omit<SampleLoss<T>, 'nll'> {
  /** Regulariser included: scalar. */
  readonly loss: T;
  readonly regulariser: T;
  /** ∂regulariser/∂‖x_i‖: [B], or a scalar 0. */
  readonly dNormOfRegulariser: T;
}

/** The loss of every sample, then G, the mean and the state after the step. */
export function reduceSamples<T, M>(
  ops: BatchOps<T, M>,
  loss: MarginLoss,
  sums: SampleSums<T>,
): ReducedSamples<T> {
  const { norm, sampleWeights, state, next, mode } = sums;
  const { nll, ...sample } = loss.objective.ofSample(ops, sums);
  const reduced = weightSamples(ops, loss, { nll, sampleWeights, state, mode });
  const { mean, slopes } = meanRegulariser(ops, loss, norm, sampleWeights);
  const step = mode === 'train' ? ops.add(state.step!, ops.constant(1)) : state.step!;
  return {
    ...sample,
    loss: ops.add(reduced.loss, mean),
    regulariser: mean,
    losses: reduced.losses,
    dNll: reduced.dNll,
    dNormOfRegulariser: slopes,
    next: { step, ...next, ...reduced.next },
  };
}

/** G and the loss's own weight on the losses of the samples. */
export function weightSamples<T, M>(
  ops: BatchOps<T, M>,
  { weighting, lossWeight }: Pick<MarginLoss, 'weighting' | 'lossWeight'>,
  {
    nll,
    sampleWeights,
    state,
    mode,
  }: Pick<SampleSums<T>, 'sampleWeights' | 'state' | 'mode'> & {
    readonly nll: T;
  },
): ReducedLosses<T> {
  const names = Object.keys(weighting.initialValues);
  const own = Object.fromEntries(names.map((name) => [name, state[name]!]));
  const weights = lossWeight === 1 ? sampleWeights : ops.mul(ops.constant(lossWeight), sampleWeights);
  return weighting.reduce(ops, { nll, sampleWeights: weights }, own, mode);
}
