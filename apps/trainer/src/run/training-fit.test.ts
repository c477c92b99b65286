import type { StepMetrics } from '@cf/training';
import { expect, test } from 'vitest';
import { trainingFit } from './training-fit.ts';

const step = (epoch: number, loss: number, meanTargetCosine: number | null): StepMetrics =>
  ({ step: 0, epoch, loss, meanTargetCosine }) as StepMetrics;

test('means over the last epoch alone', () => {
  const fit = trainingFit([step(1, 9, 0.1), step(2, 2, 0.5), step(2, 4, 0.7)]);
  expect(fit?.loss).toBe(3);
  expect(fit?.meanTargetCosine).toBeCloseTo(0.6, 12);
});

test('a loss on inner products has no cosine, and no step has no fit', () => {
  expect(trainingFit([step(1, 9, null)])).toEqual({ loss: 9, meanTargetCosine: null });
  expect(trainingFit([])).toBeUndefined();
});
