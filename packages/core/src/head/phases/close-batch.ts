import { NonFiniteError } from '../../errors/errors.ts';
import { type BatchValues, batchOps, perSample, sampleAt, scalarsOf } from '../../readings/batch.ts';
import type { LossState } from '../../state/loss-state.ts';
import { type ReducedSamples, reduceSamples } from './formulas/reduce-samples.ts';
import type { NegativesSeen } from './meetings.ts';
import type { BatchContext } from './open-batch.ts';
import type { TargetBatch } from './prepare-batch.ts';

/** What the whole batch comes to, once the negatives are known: O(B). All but the totals is [B]. */
export interface ReducedBatch extends Omit<ReducedSamples<BatchValues>, 'loss' | 'regulariser' | 'next'> {
  /** Regulariser included. */
  readonly loss: number;
  readonly regulariser: number;
  readonly state: LossState;
  /** The target of each sample, with the sums over the negatives that it may need. */
  readonly target: TargetBatch;
}

/** What of a batch is read here. */
export type ClosableBatch = Pick<
  BatchContext,
  'batch' | 'loss' | 'prepared' | 'sampleWeights' | 'state' | 'mode' | 'allClasses'
> & { readonly x: Pick<BatchContext['x'], 'norms'> };

const TOO_LARGE = 'scale embeddings and class centers down: their products overflow.';

/**
 * What a batch comes to once pass 1 is done ({@link reduceSamples}).
 *
 * @param seen over the classes of all shards.
 */
export function closeBatch(context: ClosableBatch, seen: Omit<NegativesSeen, 'counts'>): ReducedBatch {
  const { batch, loss, prepared, sampleWeights, state, mode, allClasses } = context;
  const target = prepared.completed(seen.sums);
  const classValues = prepared.nextClassValues;
  const { next, dNormOfRegulariser, dTarget, miss, logSumExp, ...reduced } = reduceSamples(batchOps, loss, {
    targetLogit: target.targetLogit,
    negatives: seen.logSumExp,
    sums: seen.sums,
    logitScale: prepared.logitScale,
    classes: Float64Array.of(allClasses),
    norm: context.x.norms,
    sampleWeights,
    state: scalarsOf(state.values),
    next: scalarsOf(prepared.next),
    mode,
  });
  const at = logSumExp.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new NonFiniteError('logits', at, logSumExp[at]!, TOO_LARGE);
  return {
    ...reduced,
    dTarget: perSample(dTarget, batch),
    miss: perSample(miss, batch),
    logSumExp: perSample(logSumExp, batch),
    loss: reduced.loss[0]!,
    regulariser: reduced.regulariser[0]!,
    dNormOfRegulariser: perSample(dNormOfRegulariser, batch),
    state: { loss: loss.name, values: sampleAt(next, 0), ...(classValues && { classValues }) },
    target,
  };
}
