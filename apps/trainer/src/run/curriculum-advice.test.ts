import type { StepMetrics } from '@cf/training';
import { expect, it } from 'vitest';
import { curriculumAdvice } from './curriculum-advice.ts';

type Told = Pick<StepMetrics, 'epoch' | 't' | 'hardShare' | 'emphasisedShare' | 'maxModulation'>;

/** @param nearest the largest cosine of a hard negative */
const step = (
  epoch: number,
  t: number | null,
  hardShare: number | null,
  emphasisedShare: number | null,
  nearest: number | null = 0.9,
): Told => ({
  epoch,
  t,
  hardShare,
  emphasisedShare,
  maxModulation: nearest === null || t === null ? null : t + 2 * nearest,
});
const advice = (...steps: readonly Told[]): string | undefined => curriculumAdvice(steps as never);

it('tells the numbers of the last epoch, hard ones counted together, and in how many epochs some were emphasised', () => {
  // 0.1·0.5 + 0.3·0.1 of the mean of 0.1 and 0.3: a fifth; a step without hard negatives has no share of them.
  const told = advice(step(1, 0.2, 0.5, 0, 0.7), step(2, 0.5, 0.1, 0.5, 0.6), step(2, 0.6, 0.3, 0.1, 0.3));
  expect(told).toMatch(
    /^curriculum: with t = 0\.55 a hard negative is emphasised \(I > 1\) above cosine 0\.45; /,
  );
  expect(told).toMatch(
    /the last epoch 20\.0 % of the negatives were hard, the nearest at cosine 0\.60: 20\.0 % of them were emphasised/,
  );
  expect(told).toMatch(/; some were in 1 of 2 epochs\. It weakened most .* emphasised some/);
  expect(advice(step(1, 0.5, 0.2, 0.3), step(1, 0.5, 0, null, null))).toMatch(
    / 10\.0 % of the negatives were hard, .*: 30\.0 % of them/,
  );
});

it('says so where none was emphasised in the last epoch', () => {
  const told = advice(step(1, 0.5, 0.4, 0.01, 0.55), step(2, 0.5, 0.4, 0, 0.5));
  expect(told).toMatch(
    /nearest at cosine 0\.50: none of them was emphasised; some were in 1 of 2 epochs\. It weakened nearly all/,
  );
});

it.each([
  [
    0,
    null,
    /were hard; some were in 0 of 1 epochs\. .*nothing to do, and arcface comes to the same: cf compare/,
  ],
  [0.00009, 1, /0\.009 % of the negatives were hard, .* nothing to do/],
  [0.2, 0.09, /: 9\.0 % of them were emphasised; .*\. It weakened nearly all/],
  [0.2, 0.1, /emphasised some/],
  [0.2, 0.5, /The curriculum was at work$/],
])('advises by them: hard %d, emphasised %d', (hard, emphasised, told) => {
  expect(advice(step(1, 0.4, hard, emphasised, emphasised === null ? null : 0.9))).toMatch(told);
});

it('says nothing of losses without t, where nobody counted, and of no step', () => {
  expect(advice(step(1, null, 0.2, 0.3))).toBeUndefined();
  expect(advice(step(1, 0.2, null, null))).toBeUndefined();
  expect(advice()).toBeUndefined();
});

it('takes an epoch of more steps than a call takes arguments', () => {
  const steps = Array.from({ length: 200_000 }, (_, i) => step(1, 0.5, 0.2, 0.3, i === 7 ? 0.8 : 0.6));
  expect(curriculumAdvice(steps as never)).toMatch(/the nearest at cosine 0\.80/);
});
