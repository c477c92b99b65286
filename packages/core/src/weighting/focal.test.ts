import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchOps } from '../readings/batch.ts';
import { focalWeighting } from './focal.ts';

function reduce(
  nll: readonly number[],
  options: { gamma: number; alpha: number },
): { losses: Float64Array; loss: number; dNll: Float64Array } {
  const sampleWeights = new Float64Array(nll.length).fill(1);
  const { losses, loss, dNll } = focalWeighting({ ...options, unsafe: true }).reduce(
    batchOps,
    { nll: Float64Array.from(nll), sampleWeights },
    {},
    'train',
  );
  return { losses, loss: loss[0]!, dNll };
}

const gammas = fc.oneof(fc.constantFrom(0, 0.5, 1, 1.5, 2, 3), fc.double({ min: 0, max: 5, noNaN: true }));
const alphas = fc.double({ min: 0.1, max: 4, noNaN: true });
const probabilities = fc.array(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), {
  minLength: 1,
  maxLength: 8,
});

test('is −α(1 − p)^γ·log p, with the slope that calculus gives', () => {
  fc.assert(
    fc.property(gammas, alphas, probabilities, (gamma, alpha, p) => {
      const { losses, loss, dNll } = reduce(
        p.map((value) => -Math.log(value)),
        { gamma, alpha },
      );
      let total = 0;
      p.forEach((value, i) => {
        const expected = -alpha * (1 - value) ** gamma * Math.log(value);
        total += expected;
        expect(Math.abs(losses[i]! / expected - 1)).toBeLessThan(1e-9);
        // dL/dp by the product rule, and dp/dnll = −p.
        const dp =
          -alpha * ((1 - value) ** gamma / value - gamma * (1 - value) ** (gamma - 1) * Math.log(value));
        expect(Math.abs((dNll[i]! * p.length) / (-value * dp) - 1)).toBeLessThan(1e-9);
      });
      expect(Math.abs(loss / (total / p.length) - 1)).toBeLessThan(1e-9);
    }),
    { numRuns: 300 },
  );
});

describe('at the ends', () => {
  test.each([0.5, 1, 2, 3.3])('γ = %d: p → 1 keeps its digits, (1 + γ)·(1 − p)^γ', (gamma) => {
    const nll = 1e-12;
    const { losses, dNll } = reduce([nll], { gamma, alpha: 1 });
    expect(losses[0]! / nll ** (gamma + 1)).toBeCloseTo(1, 9);
    expect(dNll[0]! / ((1 + gamma) * nll ** gamma)).toBeCloseTo(1, 9);
  });

  test.each([0.5, 1, 2])('γ = %d: p = 1 has loss 0 and slope 0, and p → 0 has slope α', (gamma) => {
    const { losses, dNll } = reduce([0, 800], { gamma, alpha: 3 });
    expect([losses[0], dNll[0]]).toEqual([0, 0]);
    expect([losses[1], dNll[1]]).toEqual([2400, 1.5]);
  });

  test('γ = 0 is α times the cross-entropy, at p = 1 too', () => {
    const { losses, dNll } = reduce([0, 2], { gamma: 0, alpha: 0.5 });
    expect(Array.from(losses)).toEqual([0, 1]);
    expect(Array.from(dNll)).toEqual([0.25, 0.25]);
  });
});
