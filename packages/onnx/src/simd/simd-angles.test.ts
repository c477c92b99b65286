import { test as base, describe, expect } from 'vitest';
import { runLanes, spread, worstError } from '../testing/run-lanes.ts';
import { hasFusedMultiplyAdd } from './fused-multiply-add.ts';
import { simdAtan, simdCos, simdSin } from './simd-angles.ts';

const ULP = 2 ** -23;
const { NaN: nan, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;
const column = (values: readonly number[]): number[][] => values.map((value) => [value]);
const bothSigns = (values: readonly number[]): number[] => values.flatMap((x) => [x, -x]);

describe.each([
  { products: 'rounded', fused: false },
  { products: 'fused', fused: true },
])('angles in WebAssembly, $products products', ({ fused }) => {
  const test = fused && !hasFusedMultiplyAdd() ? base.skip : base;

  test.each([
    { name: 'sin', written: simdSin, exact: Math.sin },
    { name: 'cos', written: simdCos, exact: Math.cos },
  ])('$name is within 1e-7 up to 400 rad, and within its own rounding beyond', async ({ written, exact }) => {
    for (const values of [spread(-4 * Math.PI, 4 * Math.PI, 50_001), spread(-400, 400, 100_001)]) {
      expect(await worstError(written, exact, { values, fused, relative: false })).toBeLessThan(1e-7);
    }
    const far = { values: spread(-1e5, 1e5, 50_001), fused, relative: false };
    expect(await worstError(written, exact, far)).toBeLessThan(1e5 * ULP);
  });

  test('sin is within a unit in the last place near 0', async () => {
    const values = bothSigns(spread(1e-37, 1, 20_001, 'ratio'));
    expect(await worstError(simdSin, Math.sin, { values, fused })).toBeLessThan(ULP);
  });

  test('sin and cos have their edges', async () => {
    const values = column([0, nan, infinity, minusInfinity, 2 ** 22, -1e38]);
    expect(await runLanes(simdSin, values, fused)).toEqual([0, nan, nan, nan, nan, nan]);
    expect(await runLanes(simdCos, values, fused)).toEqual([1, nan, nan, nan, nan, nan]);
  });

  test('atan is within 1.5 units in the last place, over all numbers', async () => {
    for (const values of [spread(-3, 3, 50_001), bothSigns(spread(1e-37, 3e38, 50_001, 'ratio'))]) {
      expect(await worstError(simdAtan, Math.atan, { values, fused })).toBeLessThan(1.5 * ULP);
    }
  });

  test('atan has its edges', async () => {
    const quarter = Math.fround(Math.PI / 2);
    const values = column([0, -0, infinity, minusInfinity, nan]);
    expect(await runLanes(simdAtan, values, fused)).toEqual([0, -0, quarter, -quarter, nan]);
  });
});
