import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError, UnknownNameError } from '../errors/errors.ts';
import { batchOps } from '../readings/batch.ts';
import { numberOps } from '../readings/number.ts';
import { batchMean, EMA_PRESETS, ema, emaScheduler, emaWeight } from './ema.ts';

/** Steps after which what was there counts half. */
const halfLife = (alpha: number): number => Math.log(0.5) / Math.log(1 - alpha);

describe('presets', () => {
  test('are those of the sources', () => {
    expect(EMA_PRESETS).toEqual({ official: 0.01, paper: 0.99, tface: 0.1 });
  });

  test.each([
    ['official', 69, 0.05],
    ['tface', 6.6, 0.05],
    ['paper', 0.15, 0.005],
  ] as const)('%s has a half-life of %d steps', (preset, steps, within) => {
    expect(Math.abs(halfLife(EMA_PRESETS[preset]) - steps)).toBeLessThan(within);
  });

  test('official: half of t is left after 69 steps of r = 0', () => {
    let scheduler = emaScheduler({ initial: 1, alpha: 'official' });
    for (let step = 0; step < 69; step++) scheduler = scheduler.update(0);
    expect(scheduler.value).toBeCloseTo(0.5, 2);
  });

  test('emaWeight takes a preset or a number', () => {
    expect(emaWeight('tface')).toBe(0.1);
    expect(emaWeight(0.3)).toBe(0.3);
    for (const bad of [-0.1, 1.1, Number.NaN]) expect(() => emaWeight(bad)).toThrow(OptionOutOfRangeError);
    expect(() => emaWeight('toString' as 'paper')).toThrow(UnknownNameError);
    expect(() => emaWeight('papr' as 'paper')).toThrow(/did you mean 'paper'/);
  });
});

describe('emaScheduler', () => {
  test('starts at 0 with the official weight', () => {
    expect(emaScheduler()).toMatchObject({ value: 0, alpha: 0.01 });
  });

  test('alpha is the weight of the new observation', () => {
    expect(emaScheduler({ initial: 0.2, alpha: 0.25 }).update(0.6).value).toBeCloseTo(
      0.25 * 0.6 + 0.75 * 0.2,
      15,
    );
    expect(emaScheduler({ initial: 0.2, alpha: 1 }).update(0.6).value).toBe(0.6);
    expect(emaScheduler({ initial: 0.2, alpha: 0 }).update(0.6).value).toBe(0.2);
  });

  test('is a value: an update leaves the old one as it was', () => {
    const first = emaScheduler({ initial: 0.2, alpha: 0.5 });
    const second = first.update(1);
    first.update(-1);
    expect(first.value).toBe(0.2);
    expect(second).toMatchObject({ value: 0.6, alpha: 0.5 });
  });

  test('is the closed form Σ α(1 − α)^(n−k)·r_k + (1 − α)^n·t₀, and stays in its hull', () => {
    const cosine = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        cosine,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(cosine),
        (initial, alpha, seen) => {
          const { value } = seen.reduce((s, r) => s.update(r), emaScheduler({ initial, alpha }));
          const n = seen.length;
          const closed = seen.reduce(
            (sum, r, k) => sum + alpha * (1 - alpha) ** (n - 1 - k) * r,
            (1 - alpha) ** n * initial,
          );
          expect(Math.abs(value - closed)).toBeLessThan(1e-12);
          expect(value).toBeLessThanOrEqual(Math.max(initial, ...seen) + 1e-15);
          expect(value).toBeGreaterThanOrEqual(Math.min(initial, ...seen) - 1e-15);
        },
      ),
    );
  });

  test('refuses what is not finite', () => {
    expect(() => emaScheduler({ initial: Number.NaN })).toThrow(/^initial = NaN/);
    expect(() => emaScheduler().update(Number.NaN)).toThrow(/^observation = NaN/);
    expect(() => emaScheduler({ alpha: 2 })).toThrow(/^alpha = 2/);
  });
});

test('ema and batchMean compute the same in the readings of numbers and of batches', () => {
  expect(ema(numberOps, 0.2, 0.6, 0.25)).toBe(emaScheduler({ initial: 0.2, alpha: 0.25 }).update(0.6).value);
  const mean = batchMean(batchOps, Float64Array.of(1, 2, 6));
  expect(Array.from(mean)).toEqual([3]);
  expect(Array.from(batchMean(batchOps, new Float64Array(0)))).toEqual([0]);
});
