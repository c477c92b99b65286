import { test as base, describe, expect } from 'vitest';
import { runLanes, spread, worstError } from '../testing/run-lanes.ts';
import { hasFusedMultiplyAdd } from './fused-multiply-add.ts';
import { simdLog, simdLog1p } from './simd-log.ts';

const ULP = 2 ** -23;
const LARGEST = (2 - ULP) * 2 ** 127;
const { NaN: nan, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;
const column = (values: readonly number[]): number[][] => values.map((value) => [value]);

describe.each([
  { products: 'rounded', fused: false },
  { products: 'fused', fused: true },
])('logarithms in WebAssembly, $products products', ({ fused }) => {
  const test = fused && !hasFusedMultiplyAdd() ? base.skip : base;

  test('log is within a unit in the last place, over all normal numbers', async () => {
    for (const values of [spread(2 ** -126, LARGEST, 50_001, 'ratio'), spread(0.4, 2.6, 50_001)]) {
      expect(await worstError(simdLog, Math.log, { values, fused })).toBeLessThan(ULP);
    }
  });

  test('log has its edges', async () => {
    const values = [1, 0, -0, 2 ** -127, -(2 ** -127), -1, minusInfinity, infinity, nan];
    const expected = [0, minusInfinity, minusInfinity, minusInfinity, nan, nan, nan, infinity, nan];
    expect(await runLanes(simdLog, column(values), fused)).toEqual(expected);
  });

  test('log1p is within 1.5 units in the last place, however near to 0 or −1', async () => {
    const positive = spread(1e-37, LARGEST, 50_001, 'ratio');
    const negative = spread(1e-37, 1 - ULP, 50_001, 'ratio').map((x) => -x);
    for (const values of [spread(0, 1, 50_001), spread(ULP - 1, 0, 50_001), positive, negative]) {
      expect(await worstError(simdLog1p, Math.log1p, { values, fused })).toBeLessThan(1.5 * ULP);
    }
  });

  test('log1p has its edges', async () => {
    const values = [0, -1, -1 - ULP, -3e38, minusInfinity, infinity, nan];
    const expected = [0, minusInfinity, nan, nan, nan, infinity, nan];
    expect(await runLanes(simdLog1p, column(values), fused)).toEqual(expected);
  });
});
