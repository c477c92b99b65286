import type { StepMetrics } from '@cf/training';
import { expect, it } from 'vitest';
import { leftOutByWeighting } from './left-out.ts';

const steps = (...shares: readonly (number | null)[]): readonly StepMetrics[] =>
  shares.map((leftOutShare, i) => ({ step: i + 1, epoch: i < 2 ? 1 : 2, leftOutShare })) as never;

it('tells the share of the last epoch, and warns where hardly any sample counts', () => {
  expect(leftOutByWeighting(steps(1, 1, 0.2, 0.4))).toBe(
    '30.0 % of the samples were left out by the weighting in the last epoch',
  );
  expect(leftOutByWeighting(steps(0, 0, 1, 0.9))).toMatch(/^warning: 95.0 % .* hardly any sample counts/);
});

it('says nothing of losses that leave none out, or of no step', () => {
  expect(leftOutByWeighting(steps(null, null, null))).toBeUndefined();
  expect(leftOutByWeighting([])).toBeUndefined();
});
