import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arbitraryPairs } from '../testing/arbitraries.ts';
import { thresholdAtFar } from './threshold-at-far.ts';
import { verify } from './verify.ts';
import { verifyPair } from './verify-pair.ts';

it('accepts as many as the rate allows, and no more', () => {
  const scores = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 40 });
  fc.assert(
    fc.property(scores, fc.double({ min: 0.25, max: 1, noNaN: true }), (impostor, far) => {
      const share = (threshold: number): number =>
        impostor.filter((score) => score >= threshold).length / impostor.length;
      const threshold = thresholdAtFar(impostor, far);
      expect(share(threshold)).toBeLessThanOrEqual(far);
      const next = Math.max(...impostor.filter((score) => score < threshold), Number.NEGATIVE_INFINITY);
      if (Number.isFinite(next)) expect(share(next)).toBeGreaterThan(far);
    }),
  );
});

it('gives the TAR that a report of the same pairs has', () => {
  fc.assert(
    fc.property(arbitraryPairs(), fc.double({ min: 0.05, max: 1, noNaN: true }), ({ scores, same }, far) => {
      const { tarAtFar, genuinePairs } = verify({ scores, same, fars: [far] });
      fc.pre(tarAtFar[0]!.tar !== null);
      const impostor = scores.filter((_, i) => !same[i]);
      const threshold = thresholdAtFar(impostor, far);
      const accepted = scores.filter((score, i) => same[i] && score >= threshold).length;
      // A report cuts between all scores, and may take a genuine pair that lies below the middle.
      expect(accepted / genuinePairs).toBeLessThanOrEqual(tarAtFar[0]!.tar!);
    }),
  );
});

it('is the middle, the lowest for all, and above the highest for none', () => {
  const scores = [0.5, 0.25, 0.75, 0];
  expect([0.25, 0.5, 0.6, 1].map((far) => thresholdAtFar(scores, far))).toEqual([0.625, 0.375, 0.375, 0]);
  expect(thresholdAtFar([1, 1, 1, 0], 0.5)).toBe(1 + Number.EPSILON);
  expect(() => thresholdAtFar(scores, 0.2)).toThrow(
    /4 impostor pairs for a FAR of 0\.2, expected at least 5/,
  );
  expect(() => thresholdAtFar([Number.NaN], 1)).toThrow(/impostor\[0\] = NaN/);
  // Beyond the whole numbers a search for one would not end.
  for (const far of [1e-16, 3e-17, 7e-200, 5e-324])
    expect(() => thresholdAtFar(scores, far)).toThrow(/impostor pairs for a FAR of/);
  expect(() => thresholdAtFar(scores, 0)).toThrow(/far = 0, expected 0 < far ≤ 1/);
  expect(() => thresholdAtFar([], 1)).toThrow(/0 impostor pairs/);
});

it('a pair is the same person from the threshold on', () => {
  expect(verifyPair([1, 0], [3, 0], 1)).toEqual({ same: true, score: 1, threshold: 1 });
  expect(verifyPair([1, 0], [0, 2], 0.1)).toEqual({ same: false, score: 0, threshold: 0.1 });
  expect(() => verifyPair([1], [1], Number.NaN)).toThrow(/threshold = NaN/);
  expect(() => verifyPair([1], [1, 2], 0)).toThrow(/a \[1\] and b \[2\]/);
});
