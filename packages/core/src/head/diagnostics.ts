import type { MarginLoss } from '../losses/margin-loss.ts';
import type { HeadDiagnostics } from './contract.ts';

/** What a backend counts in a step; every backend derives its diagnostics from these in the same way. */
export interface StepCounts {
  readonly batch: number;
  readonly classes: number;
  /** Negatives with a cosine above the pivot. */
  readonly hard: number;
  /** Hard negatives whose logit is raised: N > cos θ_j. */
  readonly emphasised: number;
  /** Least and largest ∂N/∂cos θ_j over the hard negatives. */
  readonly minSlope: number;
  readonly maxSlope: number;
  /** Mean of cos θ_y. */
  readonly meanTargetCosine: number;
  /** Share of the samples past π. */
  readonly pastPiShare: number;
  /** t after the step, for losses that have one. */
  readonly t: number | undefined;
}

/** Turns counts into diagnostics; what a loss or a batch does not define is null. */
export function headDiagnostics(loss: MarginLoss, counts: StepCounts): HeadDiagnostics {
  const onSphere = loss.geometry !== 'inner';
  const negatives = counts.batch * (counts.classes - 1);
  const hard = onSphere && counts.hard > 0;
  return {
    meanTargetCosine: onSphere ? counts.meanTargetCosine : null,
    t: counts.t ?? null,
    hardShare: onSphere && negatives > 0 ? counts.hard / negatives : null,
    emphasisedShare: hard ? counts.emphasised / counts.hard : null,
    minModulation: hard ? counts.minSlope : null,
    maxModulation: hard ? counts.maxSlope : null,
    pastPiShare: onSphere ? counts.pastPiShare : null,
  };
}

/** Mean of a list; 0 where it is empty. */
export function meanOf(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return values.length === 0 ? 0 : total / values.length;
}
