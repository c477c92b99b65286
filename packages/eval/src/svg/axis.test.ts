import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearAxis, logAxis } from './axis.ts';

const labelsOf = ({ ticks }: { readonly ticks: readonly { readonly label: string }[] }): string[] =>
  ticks.map(({ label }) => label);

describe('linearAxis', () => {
  it.each<[readonly [number, number], string[]]>([
    [
      [0, 1],
      ['0', '0.2', '0.4', '0.6', '0.8', '1.0'],
    ],
    [
      [0.9, 1],
      ['0.90', '0.92', '0.94', '0.96', '0.98', '1.00'],
    ],
    [
      [-3, 3],
      ['−3', '−2', '−1', '0', '1', '2', '3'],
    ],
    [
      [0, 40_000],
      ['0', '10000', '20000', '30000', '40000'],
    ],
    [
      [0, 4e7],
      ['0', '1e7', '2e7', '3e7', '4e7'],
    ],
    [
      [0, 3e-9],
      ['0', '5e-10', '1.0e-9', '1.5e-9', '2.0e-9', '2.5e-9', '3.0e-9'],
    ],
  ])('of %j has round numbers', (domain, expected) => {
    expect(labelsOf(linearAxis(domain, { ticks: 5 }))).toEqual(expected);
  });

  it('has no tick between whole numbers, and whole steps at its ends where asked to', () => {
    expect(labelsOf(linearAxis([1, 3], { ticks: 6, whole: true }))).toEqual(['1', '2', '3']);
    expect(linearAxis([0.13, 0.88], { ticks: 5, nice: true }).domain).toEqual([0, 1]);
  });

  it('has ticks inside its ends, in order, few, and no label twice', () => {
    const ends = fc.tuple(
      fc.double({ min: -1e12, max: 1e12, noNaN: true }),
      fc.double({ min: 1e-12, max: 1e12, noNaN: true }),
    );
    fc.assert(
      fc.property(ends, fc.integer({ min: 2, max: 8 }), fc.boolean(), ([low, span], ticks, nice) => {
        // As narrow as an axis of data gets.
        const high = low + Math.max(span, 1e-8 * Math.abs(low));
        const axis = linearAxis([low, high], { ticks, nice });
        expect(axis.ticks.length).toBeGreaterThanOrEqual(1);
        expect(axis.ticks.length).toBeLessThanOrEqual(2 * ticks + 3);
        const places = axis.ticks.map(({ value }) => axis.place(value));
        for (const [k, place] of places.entries()) {
          expect(place).toBeGreaterThanOrEqual(-1e-5);
          expect(place).toBeLessThanOrEqual(1 + 1e-5);
          if (k > 0) expect(place).toBeGreaterThan(places[k - 1]!);
        }
        expect(new Set(labelsOf(axis)).size).toBe(axis.ticks.length);
        for (const { value, label } of axis.ticks)
          expect(Math.abs(Number(label.replace('−', '-')) - value)).toBeLessThan(1e-6 * (high - low));
      }),
    );
  });
});

describe('logAxis', () => {
  it('has powers of ten, every one or every second', () => {
    expect(labelsOf(logAxis([1e-3, 1000], 10))).toEqual(['1e-3', '1e-2', '1e-1', '1', '10', '100', '1,000']);
    expect(labelsOf(logAxis([1e-6, 1], 4))).toEqual(['1e-6', '1e-4', '1e-2', '1']);
    expect(labelsOf(logAxis([1e5, 1e7], 4))).toEqual(['100,000', '1e6', '1e7']);
  });
});
