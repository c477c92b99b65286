import fc from 'fast-check';
import { expect, test } from 'vitest';
import { relativeLeastSquares } from './least-squares.ts';

test('finds the coefficients that made the values, of any size', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 }),
      ([a, b, c]) => {
        const made = [1e-3 * a!, 1e-6 * b!, 1e-10 * c!];
        const rows = [1, 10, 100, 1000].flatMap((x) => [64, 256].map((y) => [1, 100 * x, 1e4 * x * y]));
        const values = rows.map((row) => row.reduce((sum, entry, k) => sum + entry * made[k]!, 0));
        const found = relativeLeastSquares(rows, values);
        for (const [k, value] of found.entries()) expect(value / made[k]!).toBeCloseTo(1, 6);
      },
    ),
  );
});

test('small values count as much as large ones', () => {
  // One coefficient, values that disagree: the mean of the ratios, not of the values.
  const [found] = relativeLeastSquares([[1], [1000]], [1, 1100]);
  expect(found).toBeGreaterThan(1.04);
  expect(found).toBeLessThan(1.06);
});

test('none is negative, and one without a row is 0', () => {
  const rows = [1, 2, 3, 4].map((x) => [1, x, 0]);
  // x − 0.5 has a negative constant.
  const found = relativeLeastSquares(
    rows,
    rows.map(([, x]) => x! - 0.5),
  );
  expect(found[0]).toBe(0);
  expect(found[1]).toBeGreaterThan(0.5);
  expect(found[2]).toBe(0);
});

test('too few different rows are refused', () => {
  const rows = [1, 2, 3].map((x) => [x, 2 * x]);
  expect(() => relativeLeastSquares(rows, [1, 2, 3])).toThrow(/3 measurements do not determine 2/);
});
