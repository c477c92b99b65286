import type { MarginLoss } from '../../../losses/margin-loss.ts';
import type { BatchOps } from '../../../ops/tensor-ops.ts';
import type { Mode, ReducedLosses, StateValues } from '../../../weighting/sample-weighting.ts';
import { meanRegulariser } from './mean-regulariser.ts';
import {
  type NegativeLogLikelihood,
  type NegativeSum,
  negativeLogLikelihood,
} from './negative-log-likelihood.ts';

/** What is known of the samples of a batch after the pass over their negatives; each [B]. */
export interface SampleSums<T> {
  /** z_y; [B] or a scalar. */
  readonly targetLogit: T;
  readonly negatives: NegativeSum<T>;
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
export interface ReducedSamples<T>
  extends ReducedLosses<T>,
    Pick<NegativeLogLikelihood<T>, 'miss' | 'logSumExp'> {
  /** Regulariser included: scalar. */
  readonly loss: T;
  readonly regulariser: T;
  /** ∂regulariser/∂‖x_i‖: [B], or a scalar 0. */
  readonly dNormOfRegulariser: T;
}

/** −log p of every sample, then G, the mean and the state after the step. */
export function reduceSamples<T, M>(
  ops: BatchOps<T, M>,
  loss: MarginLoss,
  { targetLogit, negatives, norm, sampleWeights, state, next, mode }: SampleSums<T>,
): ReducedSamples<T> {
  const { nll, miss, logSumExp } = negativeLogLikelihood(ops, targetLogit, negatives);
  const names = Object.keys(loss.weighting.initialValues);
  const own = Object.fromEntries(names.map((name) => [name, state[name]!]));
  const reduced = loss.weighting.reduce(ops, { nll, sampleWeights }, own, mode);
  const { mean, slopes } = meanRegulariser(ops, loss, norm, sampleWeights);
  const step = mode === 'train' ? ops.add(state.step!, ops.constant(1)) : state.step!;
  return {
    loss: ops.add(reduced.loss, mean),
    regulariser: mean,
    losses: reduced.losses,
    dNll: reduced.dNll,
    miss,
    logSumExp,
    dNormOfRegulariser: slopes,
    next: { step, ...next, ...reduced.next },
  };
}
