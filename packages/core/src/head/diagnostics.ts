import type { MarginLoss } from '../losses/margin-loss.ts';
import type { HeadDiagnostics } from './contract.ts';
import type { NegativeCounts } from './phases/hard-negatives.ts';

/** What a backend counts in a step; every backend derives its diagnostics from these in the same way. */
export interface StepCounts {
  readonly batch: number;
  readonly classes: number;
  /** undefined where nobody counted. */
  readonly negatives: NegativeCounts | undefined;
  /** Mean of cos θ_y. */
  readonly meanTargetCosine: number;
  /** Share of the samples past π. */
  readonly pastPiShare: number;
  /** t after the step, for losses that have one. */
  readonly t: number | undefined;
  /** Class centers whose negatives were left out of the gradients; undefined where a backend never leaves any out. */
  readonly skipped?: number;
}

/** Turns counts into diagnostics; what a loss or a batch does not define is null. */
export function headDiagnostics(loss: MarginLoss, counts: StepCounts): HeadDiagnostics {
  const onSphere = loss.geometry !== 'inner';
  const { batch, classes } = counts;
  const negatives = onSphere ? counts.negatives : undefined;
  const hard = negatives?.hard ? negatives : undefined;
  return {
    meanTargetCosine: onSphere ? counts.meanTargetCosine : null,
    t: counts.t ?? null,
    hardShare: negatives && classes > 1 ? negatives.hard / (batch * (classes - 1)) : null,
    emphasisedShare: hard ? hard.emphasised / hard.hard : null,
    minModulation: hard?.minSlope ?? null,
    maxModulation: hard?.maxSlope ?? null,
    pastPiShare: onSphere ? counts.pastPiShare : null,
    skippedShare: counts.skipped === undefined ? null : counts.skipped / classes,
  };
}

/** Mean of a list; 0 where it is empty. */
export function meanOf(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total / (values.length || 1);
}
