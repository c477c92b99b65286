import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../testing/random-tensor.ts';
import { chooseRange, RANGE_METHODS } from './choose-range.ts';
import { fromBytes, linearScale, toBytes } from './linear-scale.ts';
import { ValueHistogram } from './value-histogram.ts';

function seen(...lists: readonly (readonly number[])[]): ValueHistogram {
  const histogram = new ValueHistogram();
  for (const list of lists) expect(histogram.add(Float32Array.from(list))).toBe(true);
  return histogram;
}

describe('what was seen of a value', () => {
  it('is counted whole, whatever comes first, within its ends', () => {
    const values = fc.array(fc.float({ noNaN: true, min: Math.fround(-1e20), max: Math.fround(1e20) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [one, other] = [seen(a, b), seen(b, a)];
        expect(one.total).toBe(a.length + b.length);
        expect([one.counts, one.width, one.low, one.high]).toEqual([
          other.counts,
          other.width,
          other.low,
          other.high,
        ]);
        const all = [...a, ...b].map(Math.fround);
        expect([one.low, one.high]).toEqual([Math.min(...all), Math.max(...all)]);
        for (const method of RANGE_METHODS) {
          const { low, high } = chooseRange(one, method);
          expect(low).toBeGreaterThanOrEqual(Math.min(one.low, 0));
          expect(high).toBeLessThanOrEqual(Math.max(one.high, 0));
          expect(low).toBeLessThanOrEqual(high);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('on one side of 0 alone, close together, is a range for every method', () => {
    for (const values of [
      [-1.12, -1.11, -1.1],
      [1.1, 1.11, 1.12],
    ])
      for (const method of RANGE_METHODS) {
        const { low, high } = chooseRange(seen(values), method);
        expect([low <= high, Math.max(-low, high) > 0.9], method).toEqual([true, true]);
      }
  });

  it('counts nothing that is not finite', () => {
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(new ValueHistogram().add(Float32Array.of(1, x, 2))).toBe(false);
  });

  it('of which one in a hundred thousand lies far out is cut by all but min-max', () => {
    const next = uniform(3);
    const values = Array.from({ length: 100_000 }, () => next() + next() + next() - 1.5);
    const histogram = seen(values, [100]);
    expect(chooseRange(histogram, 'min-max').high).toBe(100);
    for (const method of ['percentile', 'entropy'] as const) {
      const { low, high } = chooseRange(histogram, method);
      expect(high, method).toBeLessThan(20);
      expect(high, method).toBeGreaterThan(1);
      expect(low, method).toBeLessThan(-0.02);
    }
    expect(() => chooseRange(histogram, 'mean' as 'entropy')).toThrow(/method/);
  });

  it('has by squared-error the range that loses least, between a value far out and the steps of all others', () => {
    const next = uniform(3);
    const values = Float32Array.from({ length: 100_000 }, () => next() + next() + next() - 1.5);
    values[0] = 10;
    const histogram = new ValueHistogram();
    histogram.add(values);
    const lost = (method: (typeof RANGE_METHODS)[number]): number => {
      const by = linearScale(chooseRange(histogram, method));
      return fromBytes(toBytes(values, by), by).reduce((sum, x, i) => sum + (x - values[i]!) ** 2, 0);
    };
    for (const other of ['min-max', 'percentile', 'entropy'] as const)
      expect(lost('squared-error'), other).toBeLessThan(0.95 * lost(other));
  });
});
