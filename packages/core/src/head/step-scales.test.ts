import { describe, expect, test } from 'vitest';
import { relativeError } from './step-scales.ts';

describe('relativeError', () => {
  test('is the largest difference over the largest expected value, at least the natural scale', () => {
    expect(relativeError([1, 2], [1, 2], 1)).toBe(0);
    expect(relativeError([1, 2.5], [1, 2], 1)).toBe(0.25);
    expect(relativeError([-4, 0.1], [-4, 0], 1)).toBe(0.1 / 4);
    expect(relativeError([1e-15], [0], 1)).toBe(1e-15);
    expect(relativeError([1.5], [1], 10)).toBe(0.05);
  });

  test('NaN and infinities are infinitely wrong, wherever they stand', () => {
    const { NaN: nan, POSITIVE_INFINITY: infinite } = Number;
    for (const actual of [
      [nan, 1],
      [1, nan],
      [infinite, 1],
      [nan, 50],
      [50, nan],
    ]) {
      expect(relativeError(actual, [1, 1], 1)).toBe(infinite);
    }
  });

  test('another length is infinitely wrong', () => {
    expect(relativeError([], [0], 1)).toBe(Number.POSITIVE_INFINITY);
    expect(relativeError([0, 0], [0], 1)).toBe(Number.POSITIVE_INFINITY);
    expect(relativeError([], [], 1)).toBe(0);
  });
});
