import { NonFiniteError } from '../../errors/errors.ts';
import type { LossState } from '../../losses/loss-state.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { batchOps } from '../../readings/batch.ts';
import { numberOps } from '../../readings/number.ts';
import type { LogSumExp } from './log-sum-exp.ts';
import type { BatchContext } from './open-batch.ts';

/** What the whole batch comes to, once the log-sum-exp is known: O(B). */
export interface ReducedBatch {
  /** Regulariser included. */
  readonly loss: number;
  readonly regulariser: number;
  /** Per-sample losses without the regulariser: [B]. */
  readonly losses: Float64Array;
  /** ∂loss/∂nll_i: [B]. */
  readonly dNll: Float64Array;
  /** ∂regulariser/∂‖x_i‖: [B]. */
  readonly dNormOfRegulariser: Float64Array;
  /** log of the whole sum of exponentials, target included: [B]. */
  readonly logSumExp: Float64Array;
  /** 1 − p_i: [B]. */
  readonly miss: Float64Array;
  readonly state: LossState;
}

/** What of a batch is read here. */
export type ClosableBatch = Pick<
  BatchContext,
  'batch' | 'loss' | 'prepared' | 'sampleWeights' | 'state' | 'mode'
> & { readonly x: Pick<BatchContext['x'], 'norms'> };

const TOO_LARGE = 'scale embeddings and class centers down: their products overflow.';

/**
 * What a batch comes to once pass 1 is done: nll = log(1 + e^{lse − z_y}), then G and the mean.
 *
 * @param negatives over the classes of all shards.
 */
export function closeBatch(context: ClosableBatch, negatives: LogSumExp): ReducedBatch {
  const { batch, loss, prepared, sampleWeights, state, mode } = context;
  const norm = context.x.norms;
  const nll = new Float64Array(batch);
  const logSumExp = new Float64Array(batch);
  for (let i = 0; i < batch; i++) {
    const target = prepared.logitScale[i]! * prepared.value[i]!;
    nll[i] = softplus(negatives.max[i]! + Math.log(negatives.sum[i]!) - target);
    logSumExp[i] = target + nll[i]!;
    if (!Number.isFinite(logSumExp[i]!)) throw new NonFiniteError('logits', i, logSumExp[i]!, TOO_LARGE);
  }
  const weightingState: Record<string, Float64Array> = {};
  for (const name of Object.keys(loss.weighting.initialValues)) {
    weightingState[name] = Float64Array.of(state.values[name]!);
  }
  const reduced = loss.weighting.reduce(batchOps, { nll, sampleWeights }, weightingState, mode);
  const step = state.values.step! + (mode === 'train' ? 1 : 0);
  const next: Record<string, number> = { step, ...prepared.next };
  for (const [name, value] of Object.entries(reduced.next)) next[name] = value[0]!;

  const { mean, slopes } = meanRegulariser(loss, norm, sampleWeights);
  return {
    loss: reduced.loss[0]! + mean,
    regulariser: mean,
    losses: reduced.losses,
    dNll: reduced.dNll,
    dNormOfRegulariser: slopes,
    logSumExp,
    miss: nll.map((value) => -Math.expm1(-value)),
    state: { loss: loss.name, values: next },
  };
}

/** log(1 + e^x), without overflow; 0 at −∞. */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

function meanRegulariser(
  loss: MarginLoss,
  norm: Float64Array,
  sampleWeights: Float64Array,
): { mean: number; slopes: Float64Array } {
  const slopes = new Float64Array(norm.length);
  if (loss.regulariser === undefined) return { mean: 0, slopes };
  let total = 0;
  for (let i = 0; i < norm.length; i++) {
    const { value, dNorm } = loss.regulariser(numberOps, norm[i]!);
    total += sampleWeights[i]! * value;
    slopes[i] = (sampleWeights[i]! * dNorm) / norm.length;
  }
  return { mean: total / norm.length, slopes };
}
