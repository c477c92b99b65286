import { test as base, describe, expect } from 'vitest';
import { runLanes, spread, worstError } from '../testing/run-lanes.ts';
import { hasFusedMultiplyAdd } from './fused-multiply-add.ts';
import { simdExp, simdExpm1 } from './simd-exp.ts';

const ULP = 2 ** -23;
const column = (values: readonly number[]): number[][] => values.map((value) => [value]);

describe.each([
  { products: 'rounded', fused: false },
  { products: 'fused', fused: true },
])('e^x in WebAssembly, $products products', ({ fused }) => {
  const test = fused && !hasFusedMultiplyAdd() ? base.skip : base;

  test('is within 1.5 units in the last place, wherever it is a normal number', async () => {
    const values = spread(-87.3, 88.3, 20_001);
    expect(await worstError(simdExp, Math.exp, { values, fused })).toBeLessThan(1.5 * ULP);
  });

  test('is exact at 0', async () => {
    expect(await runLanes(simdExp, column([0, -0]), fused)).toEqual([1, 1]);
  });

  test('is 0 far below, stays in range far above, and keeps NaN', async () => {
    const below = [-87.34, -1e4, -3e38, Number.NEGATIVE_INFINITY, Number.NaN];
    expect(await runLanes(simdExp, column(below), fused)).toEqual([0, 0, 0, 0, Number.NaN]);
    for (const written of [simdExp, simdExpm1]) {
      const above = [88.4, 1e5, 3e38, Number.POSITIVE_INFINITY];
      for (const large of await runLanes(written, column(above), fused)) {
        expect(large).toBeGreaterThan(2e38);
        expect(large).toBeLessThan(3.4e38);
      }
    }
  });

  test('less 1 is within 1.5 units in the last place, however near to 0', async () => {
    const small = spread(1e-37, 3, 20_001, 'ratio');
    for (const values of [spread(-100, 88.3, 20_001), small, small.map((x) => -x)]) {
      expect(await worstError(simdExpm1, Math.expm1, { values, fused })).toBeLessThan(1.5 * ULP);
    }
  });

  test('less 1 is 0 at 0, −1 far below, and keeps NaN', async () => {
    const values = [0, -50, -3e38, Number.NEGATIVE_INFINITY, Number.NaN];
    expect(await runLanes(simdExpm1, column(values), fused)).toEqual([0, -1, -1, -1, Number.NaN]);
  });
});
