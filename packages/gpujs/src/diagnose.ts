import type { HardNegativeCounter, HeadDiagnostics, MarginLoss, PreparedBatch, ReducedBatch } from '@cf/core';

/** How the curriculum stands after one step. @param negatives B·(C − 1). */
export function diagnose(
  loss: MarginLoss,
  cosTarget: Float64Array,
  prepared: PreparedBatch,
  seen: HardNegativeCounter,
  negatives: number,
  reduced: ReducedBatch,
): HeadDiagnostics {
  const onSphere = loss.geometry !== 'inner';
  const hard = onSphere && seen.hard > 0;
  return {
    meanTargetCosine: onSphere ? mean(cosTarget) : null,
    t: reduced.state.values.t ?? null,
    hardShare: onSphere && negatives > 0 ? seen.hard / negatives : null,
    emphasisedShare: hard ? seen.emphasised / seen.hard : null,
    minModulation: hard ? seen.minSlope : null,
    maxModulation: hard ? seen.maxSlope : null,
    pastPiShare: onSphere ? mean(prepared.pastPi) : null,
  };
}

function mean(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total / values.length;
}
