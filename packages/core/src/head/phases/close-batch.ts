import { NonFiniteError } from '../../errors/errors.ts';
import { type BatchValues, batchOps, perSample, sampleAt, scalarsOf } from '../../readings/batch.ts';
import type { LossState } from '../../state/loss-state.ts';
import { type ReducedSamples, reduceSamples } from './formulas/reduce-samples.ts';
import type { LogSumExp } from './log-sum-exp.ts';
import type { BatchContext } from './open-batch.ts';

/** What the whole batch comes to, once the log-sum-exp is known: O(B). All but the totals is [B]. */
export interface ReducedBatch extends Omit<ReducedSamples<BatchValues>, 'loss' | 'regulariser' | 'next'> {
  /** Regulariser included. */
  readonly loss: number;
  readonly regulariser: number;
  readonly state: LossState;
}

/** What of a batch is read here. */
export type ClosableBatch = Pick<
  BatchContext,
  'batch' | 'loss' | 'prepared' | 'sampleWeights' | 'state' | 'mode'
> & { readonly x: Pick<BatchContext['x'], 'norms'> };

const TOO_LARGE = 'scale embeddings and class centers down: their products overflow.';

/**
 * What a batch comes to once pass 1 is done ({@link reduceSamples}).
 *
 * @param negatives over the classes of all shards.
 */
export function closeBatch(context: ClosableBatch, negatives: LogSumExp): ReducedBatch {
  const { batch, loss, prepared, sampleWeights, state, mode } = context;
  const { next, dNormOfRegulariser, ...reduced } = reduceSamples(batchOps, loss, {
    targetLogit: batchOps.mul(prepared.logitScale, prepared.value),
    negatives,
    norm: context.x.norms,
    sampleWeights,
    state: scalarsOf(state.values),
    next: scalarsOf(prepared.next),
    mode,
  });
  const { logSumExp } = reduced;
  const at = logSumExp.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new NonFiniteError('logits', at, logSumExp[at]!, TOO_LARGE);
  return {
    ...reduced,
    loss: reduced.loss[0]!,
    regulariser: reduced.regulariser[0]!,
    dNormOfRegulariser: perSample(dNormOfRegulariser, batch),
    state: { loss: loss.name, values: sampleAt(next, 0) },
  };
}
