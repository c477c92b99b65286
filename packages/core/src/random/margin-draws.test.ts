import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawMargins, keyedNormal } from './margin-draws.ts';

const key = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const draws = { mean: 0.5, std: 0.05, seed: 7 };

describe('a draw is a pure function of seed, step and sample', () => {
  test('the order and the split of a batch do not matter', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1 }), fc.nat(1e6), fc.nat(), (keys, step, cut) => {
        const whole = Array.from(drawMargins(draws, step, keys));
        const at = cut % keys.length;
        const parts = [keys.slice(0, at), keys.slice(at)].flatMap((part) => [
          ...drawMargins(draws, step, part),
        ]);
        expect(parts).toEqual(whole);
        expect([...drawMargins(draws, step, [...keys].reverse())].reverse()).toEqual(whole);
        expect(whole.every(Number.isFinite)).toBe(true);
      }),
    );
  });

  test('each of the three counts, the high half of a key as well', () => {
    const base = keyedNormal(1, 2, 3);
    const others = [
      keyedNormal(2, 2, 3),
      keyedNormal(1, 3, 3),
      keyedNormal(1, 2, 4),
      keyedNormal(1, 2, 3 + 2 ** 32),
      keyedNormal(1 + 2 ** 32, 2, 3),
      keyedNormal(-1, 2, 3),
      keyedNormal(2, 1, 3),
      keyedNormal(1, 3, 2),
    ];
    expect(new Set([base, ...others]).size).toBe(9);
  });

  test('a standard deviation of 0 gives the mean', () => {
    expect(Array.from(drawMargins({ ...draws, std: 0 }, 3, [1, 2]))).toEqual([0.5, 0.5]);
  });
});

describe('draws are normal', () => {
  const count = 1e5;
  const error = 4 / Math.sqrt(count);
  const moments = (values: Float64Array): [number, number, number, number] => {
    const mean = values.reduce((sum, v) => sum + v, 0) / count;
    const central = (power: number): number =>
      values.reduce((sum, v) => sum + (v - mean) ** power, 0) / count;
    const std = Math.sqrt(central(2));
    return [mean, std, central(3) / std ** 3, central(4) / std ** 4];
  };

  test.each([
    ['samples of a step', (i: number) => keyedNormal(0, 0, i)],
    ['steps of a sample', (i: number) => keyedNormal(0, i, 0)],
    ['seeds', (i: number) => keyedNormal(i, 0, 0)],
  ] as const)('over %s: mean, deviation, skew and kurtosis', (_, draw) => {
    const [mean, std, skew, kurtosis] = moments(Float64Array.from({ length: count }, (_, i) => draw(i)));
    // Standard errors 1, 1/√2, √6 and √24 over √n.
    expect(Math.abs(mean)).toBeLessThan(error);
    expect(Math.abs(std - 1)).toBeLessThan(error / Math.SQRT2);
    expect(Math.abs(skew)).toBeLessThan(error * Math.sqrt(6));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(error * Math.sqrt(24));
  });

  test('the distribution function is the normal one', () => {
    const sorted = Float64Array.from({ length: count }, (_, i) => keyedNormal(11, 5, i)).sort();
    // Φ at −2, −1, 0, 1, 2.
    const table: [number, number][] = [
      [-2, 0.02275013],
      [-1, 0.15865525],
      [0, 0.5],
      [1, 0.84134475],
      [2, 0.97724987],
    ];
    for (const [x, share] of table) {
      const below = sorted.findIndex((value) => value > x) / count;
      expect(Math.abs(below - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / count));
    }
  });

  test('neighbours are uncorrelated', () => {
    const lag = (draw: (i: number) => number): number => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += draw(i) * draw(i + 1);
      return sum / count;
    };
    expect(Math.abs(lag((i) => keyedNormal(3, 0, i)))).toBeLessThan(error);
    expect(Math.abs(lag((i) => keyedNormal(3, i, 9)))).toBeLessThan(error);
  });
});
