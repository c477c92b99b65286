import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Dual, dualOps, fixed, variable } from '../../../readings/dual.ts';
import { numberOps } from '../../../readings/number.ts';
import { negativeLogLikelihood, softplus } from './negative-log-likelihood.ts';

const logit = fc.double({ min: -80, max: 80, noNaN: true });
const logits = fc.array(logit, { minLength: 1, maxLength: 9 });

/** The sum over the negatives as the first pass leaves it. */
function summed(negatives: readonly number[]): { max: number; sum: number } {
  const max = Math.max(...negatives);
  return { max, sum: negatives.reduce((sum, z) => sum + Math.exp(z - max), 0) };
}

function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1e-300, Math.abs(expected)));
}

describe('−log p of a target among its negatives', () => {
  test('is what the textbook softmax says, and 1 − p is the share of the negatives', () => {
    fc.assert(
      fc.property(logit, logits, (target, negatives) => {
        const { max, sum } = summed(negatives);
        const { nll, miss, logSumExp } = negativeLogLikelihood(numberOps, target, { max, sum });
        // Shifted by the target, so that its own exponential is 1.
        const others = negatives.reduce((total, z) => total + Math.exp(z - target), 0);
        expectClose(nll, Math.log1p(others));
        expectClose(miss, others / (1 + others));
        expect(Math.abs(logSumExp - target - nll)).toBeLessThanOrEqual(1e-13 * (Math.abs(target) + nll));
      }),
    );
  });

  test('falls by 1 − p with the target, and grows by as much with the negatives', () => {
    fc.assert(
      fc.property(logit, logits, (target, negatives) => {
        const { max, sum } = summed(negatives);
        const byTarget = negativeLogLikelihood<Dual, boolean>(dualOps, variable(target), {
          max: fixed(max),
          sum: fixed(sum),
        });
        expectClose(byTarget.nll.slope, -byTarget.miss.value);
        const byNegatives = negativeLogLikelihood<Dual, boolean>(dualOps, fixed(target), {
          max: variable(max),
          sum: fixed(sum),
        });
        expectClose(byNegatives.nll.slope, byNegatives.miss.value);
        // The whole log-sum-exp moves by p with the target.
        expect(Math.abs(byTarget.logSumExp.slope - (1 - byTarget.miss.value))).toBeLessThan(1e-12);
      }),
    );
  });

  test('where target and negatives are equal, the slope is that of both sides', () => {
    const { nll, miss } = negativeLogLikelihood<Dual, boolean>(dualOps, variable(3), {
      max: fixed(3),
      sum: fixed(1),
    });
    expect([nll.value, nll.slope, miss.value]).toEqual([Math.LN2, -0.5, 0.5]);
  });

  test.each([
    ['far above its negatives', 700, 0, { nll: Math.exp(-700), miss: Math.exp(-700) }],
    ['far below', -700, 0, { nll: 700, miss: 1 }],
    ['both far up', 1e300, 1e300, { nll: Math.LN2, miss: 0.5 }],
    ['both far down', -1e300, -1e300, { nll: Math.LN2, miss: 0.5 }],
  ])('%s', (_, target, max, expected) => {
    const { nll, miss } = negativeLogLikelihood(numberOps, target, { max, sum: 1 });
    expectClose(nll, expected.nll);
    expectClose(miss, expected.miss);
  });

  test.each([
    ['as minus infinity', Number.NEGATIVE_INFINITY, 0],
    ['as the lowest float32', -3.4028234663852886e38, 1],
  ])('without a negative, given %s, p is 1', (_, max, sum) => {
    for (const target of [-700, 0, 64, 700]) {
      const { nll, miss, logSumExp } = negativeLogLikelihood(numberOps, target, { max, sum });
      expect([nll, Math.abs(miss), logSumExp]).toEqual([0, 0, target]);
      const { nll: dual } = negativeLogLikelihood<Dual, boolean>(dualOps, variable(target), {
        max: fixed(max),
        sum: fixed(sum),
      });
      expect(Math.abs(dual.slope)).toBe(0);
    }
  });
});

test('log(1 + e^x) neither overflows nor loses the digits of a small result', () => {
  expect([-1e300, 1e300, Number.NEGATIVE_INFINITY].map((x) => softplus(numberOps, x))).toEqual([0, 1e300, 0]);
  expect(softplus(numberOps, -40)).toBe(Math.exp(-40));
  expect(softplus(dualOps, variable(0))).toEqual({ value: Math.LN2, slope: 0.5 });
});
