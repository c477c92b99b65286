import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosineSimilarity } from './cosine-similarity.ts';

// Far from the subnormal numbers, which lose digits when they are scaled.
const component = fc.double({ min: -1e3, max: 1e3, noNaN: true }).map((x) => (Math.abs(x) < 1e-250 ? 0 : x));
const twoVectors = fc.integer({ min: 1, max: 41 }).chain((dim) => {
  const vector = fc.array(component, { minLength: dim, maxLength: dim });
  return fc.tuple(vector, vector);
});

describe('cosineSimilarity', () => {
  it('agrees with values computed by hand', () => {
    expect(cosineSimilarity([1, 0], [0, 1])).toBe(0);
    expect(cosineSimilarity([3, 4], [6, 8])).toBe(1);
    expect(cosineSimilarity([3, 4], [-3, -4])).toBe(-1);
    expect(cosineSimilarity([3, 4], [4, 3])).toBeCloseTo(24 / 25, 15);
    expect(cosineSimilarity([5], [-0.1])).toBe(-1);
  });

  it('is 0 for zero vectors', () => {
    expect(cosineSimilarity([0, 0], [1, 2])).toBe(0);
    expect(cosineSimilarity([1, 2], [0, 0])).toBe(0);
    expect(cosineSimilarity([0, -0], [0, 0])).toBe(0);
    expect(cosineSimilarity([], [])).toBe(0);
  });

  it('accumulates in float64', () => {
    const ones = new Float32Array(20_000_000 / 1000).fill(1 / 3);
    expect(cosineSimilarity(ones, ones)).toBeCloseTo(1, 15);
    // In float32 the 1 would vanish beside 1e8.
    expect(cosineSimilarity([1e8, 1], [-1e-8, 2])).toBeCloseTo(1 / (1e8 * 2), 15);
  });

  it('neither overflows nor underflows', () => {
    expect(cosineSimilarity([3e200, 4e200], [4e-200, 3e-200])).toBeCloseTo(24 / 25, 15);
    expect(cosineSimilarity([5e-324, 0], [1e308, 0])).toBe(1);
  });

  it('never exceeds 1 by rounding', () => {
    for (let k = 1; k <= 500; k++) {
      const vector = [Math.sin(k), Math.cos(3 * k), Math.sin(k * k)];
      const cosine = cosineSimilarity(
        vector,
        vector.map((value) => value * (k / 7)),
      );
      expect(cosine).toBeLessThanOrEqual(1);
      expect(cosine).toBeCloseTo(1, 14);
    }
  });

  it('is symmetric, within [−1, 1] and blind to scale', () => {
    fc.assert(
      fc.property(twoVectors, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), ([a, b], scale) => {
        const cosine = cosineSimilarity(a, b);
        expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
        expect(cosineSimilarity(b, a)).toBe(cosine);
        const scaled = a.map((value) => value * scale);
        expect(cosineSimilarity(scaled, b)).toBeCloseTo(cosine, 12);
      }),
    );
  });

  it('names what is wrong', () => {
    expect(() => cosineSimilarity([1], [1, 2])).toThrow(/a \[1\] and b \[2\]/);
    expect(() => cosineSimilarity([1, 2, Number.NaN], [1, 2, 3])).toThrow(/a\[2\] = NaN/);
    expect(() => cosineSimilarity([1, 2], [0, Number.NEGATIVE_INFINITY])).toThrow(/b\[1\] = -Infinity/);
    expect(() => cosineSimilarity([0, 0], [0, Number.NaN])).toThrow(/b\[1\] = NaN/);
  });
});
