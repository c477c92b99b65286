import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  holmAdjusted,
  pairedDifference,
  sampleDeviation,
  studentP,
  studentQuantile,
} from './paired-difference.ts';

// Tables of Student's distribution: two-sided 5 %, and 1 % in the last.
test.each([
  [12.7062, 1, 0.05],
  [4.30265, 2, 0.05],
  [3.18245, 3, 0.05],
  [2.77645, 4, 0.05],
  [2.22814, 10, 0.05],
  [2.75, 30, 0.01],
])('P(|T| ≥ %d) with %d degrees of freedom is %d', (t, freedom, p) => {
  expect(studentP(t, freedom)).toBeCloseTo(p, 5);
  expect(studentQuantile(p, freedom)).toBeCloseTo(t, 3);
});

test('p is 1 at t = 0, falls with |t|, and its series go on from one to the next', () => {
  const freedom = fc.integer({ min: 1, max: 40 });
  const size = fc.double({ min: 0, max: 50, noNaN: true });
  fc.assert(
    fc.property(freedom, size, size, (df, a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      expect(studentP(0, df)).toBeCloseTo(1, 12);
      expect(studentP(-a, df)).toBe(studentP(a, df));
      expect(studentP(high, df)).toBeLessThanOrEqual(studentP(low, df) + 1e-12);
      // Thicker tails with fewer degrees of freedom.
      expect(studentP(a, df + 1)).toBeLessThanOrEqual(studentP(a, df) + 1e-12);
    }),
    { numRuns: 50 },
  );
});

describe('paired differences', () => {
  test('by hand: 1, 2, 3 have mean 2, deviation 1, t = 2√3', () => {
    const found = pairedDifference([1, 2, 3]);
    expect(found).toMatchObject({ count: 3, mean: 2, wilcoxon: 0.25 });
    expect(found.p).toBeCloseTo(studentP(2 * Math.sqrt(3), 2), 14);
    expect(found.halfInterval).toBeCloseTo(4.30265 / Math.sqrt(3), 4);
    expect(sampleDeviation([1, 2, 3])).toBe(1);
  });

  test('what so few seeds can not tell is null, or as large as it is', () => {
    expect(pairedDifference([])).toEqual({ count: 0, mean: 0, halfInterval: null, p: null, wilcoxon: 1 });
    expect(pairedDifference([0.5])).toMatchObject({ halfInterval: null, p: null, wilcoxon: 1 });
    expect(pairedDifference([0, 0])).toMatchObject({ p: 1, wilcoxon: 1 });
    expect(pairedDifference([2, 2])).toMatchObject({ p: null, wilcoxon: 0.5 });
    // The same but for rounding, of the mean or of the scores: not a t of 1e16.
    const same = { halfInterval: 0, p: null };
    expect(pairedDifference([0.1, 0.1, 0.1])).toMatchObject({ ...same, wilcoxon: 0.25 });
    expect(pairedDifference([0.31 - 0.3, 0.51 - 0.5, 0.91 - 0.9])).toMatchObject({ ...same, wilcoxon: 0.25 });
    expect(pairedDifference([0.1 + 0.2 - 0.3, 0])).toMatchObject({ p: 1, wilcoxon: 1 });
    expect(pairedDifference(new Array(20).fill(1)).wilcoxon).toBeNull();
  });

  test('signed ranks: zeros are left out, ties share theirs; scipy 1.11 gives 0.125 and 0.375', () => {
    expect(pairedDifference([1, 2, 3, -0.5, 0]).wilcoxon).toBeCloseTo(0.25, 12);
    expect(pairedDifference([1, 2, 3, 4]).wilcoxon).toBe(0.125);
    // Ranks 1.5, 1.5, 3, 4 against −1.5: sums of 8.5 and 1.5.
    expect(pairedDifference([-1, 1, 2, 3]).wilcoxon).toBe(0.375);
  });
});

test('Holm: each p times how many are left, and never less than the one before', () => {
  expect(holmAdjusted([0.01, 0.04, 0.03, null])).toEqual([0.03, 0.06, 0.06, null]);
  expect(holmAdjusted([0.9, 0.8])).toEqual([1, 1]);
});
