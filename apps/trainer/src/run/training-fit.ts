import { meanOf } from '@cf/core';
import type { StepMetrics } from '@cf/training';

/** How well a training fitted the labels that it was given, over its last epoch. */
export interface TrainingFit {
  /** Mean loss. */
  readonly loss: number;
  /** Mean target cosine r; null for losses on inner products. */
  readonly meanTargetCosine: number | null;
}

/** The fit at the end of a training; undefined where it took no step. */
export function trainingFit(metrics: readonly StepMetrics[]): TrainingFit | undefined {
  const last = metrics.at(-1);
  if (last === undefined) return undefined;
  const epoch = metrics.filter((step) => step.epoch === last.epoch);
  const cosines = epoch.flatMap(({ meanTargetCosine }) =>
    meanTargetCosine === null ? [] : [meanTargetCosine],
  );
  return {
    loss: meanOf(epoch.map(({ loss }) => loss)),
    meanTargetCosine: cosines.length === 0 ? null : meanOf(cosines),
  };
}
