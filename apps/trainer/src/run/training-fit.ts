import { meanOf } from '@cf/core';
import type { StepMetrics } from '@cf/training';

/** What share of its steps a training waited for data; undefined where no step says it. */
export function dataShareText(metrics: readonly StepMetrics[]): string | undefined {
  // Runs of before it was measured lack it.
  const told = metrics.filter(({ dataShare }) => Number.isFinite(dataShare));
  if (told.length === 0) return undefined;
  const seconds = told.reduce((sum, { imagesPerSecond }) => sum + 1 / imagesPerSecond, 0);
  const waited = told.reduce((sum, { imagesPerSecond, dataShare }) => sum + dataShare / imagesPerSecond, 0);
  return `${((100 * waited) / seconds).toFixed(1)} % of the time of the steps was waiting for data`;
}

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
