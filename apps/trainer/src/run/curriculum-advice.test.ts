import type { StepMetrics } from '@cf/training';
import { expect, it } from 'vitest';
import { curriculumAdvice } from './curriculum-advice.ts';

type Told = Pick<StepMetrics, 'epoch' | 't' | 'hardShare' | 'emphasisedShare'>;

const step = (
  epoch: number,
  t: number | null,
  hardShare: number | null,
  emphasisedShare: number | null,
): Told => ({
  epoch,
  t,
  hardShare,
  emphasisedShare,
});
const advice = (...steps: readonly Told[]): string | undefined => curriculumAdvice(steps as never);

it('tells the numbers of the last epoch, hard ones counted together, and when the most were emphasised', () => {
  // 0.1·0.5 + 0.3·0.1 of the mean of 0.1 and 0.3: a fifth; a step without hard negatives has no share of them.
  const told = advice(step(1, 0.2, 0.5, 0.4), step(2, 0.5, 0.1, 0.5), step(2, 0.6, 0.3, 0.1));
  expect(told).toMatch(/^curriculum: with t = 0\.55 a hard negative is emphasised above cosine 0\.45; /);
  expect(told).toMatch(
    /in the last epoch 20\.0 % of the negatives were hard, and 20\.0 % of those emphasised; /,
  );
  expect(told).toMatch(/the most were in epoch 1, 40\.0 % of 50\.0 %\. It weakened most .* emphasised some/);
  expect(advice(step(1, 0.5, 0.2, 0.3), step(1, 0.5, 0, null))).toMatch(
    / 10\.0 % of the negatives were hard, and 30\.0 % of/,
  );
});

it.each([
  [0, null, /nothing to do, and arcface comes to the same: cf compare --losses curricularface,arcface/],
  [0.00009, 1, /0\.009 % of the negatives were hard, .* nothing to do/],
  [0.2, 0.09, /9\.0 % of those emphasised\. It weakened nearly all/],
  [0.2, 0.1, /emphasised some/],
  [0.2, 0.5, /the curriculum was at work$/],
])('advises by them: hard %d, emphasised %d', (hard, emphasised, told) => {
  expect(advice(step(1, 0.4, hard, emphasised))).toMatch(told);
});

it('says nothing of losses without t, where nobody counted, and of no step', () => {
  expect(advice(step(1, null, 0.2, 0.3))).toBeUndefined();
  expect(advice(step(1, 0.2, null, null))).toBeUndefined();
  expect(advice()).toBeUndefined();
});
