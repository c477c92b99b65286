import fc from 'fast-check';
import { expect, it } from 'vitest';
import { principalPlane } from './principal-plane.ts';

it('finds the plane that points lie in, wherever it is', () => {
  const [a, b] = [
    [0.6, 0.8, 0, 0],
    [0, 0, 1, 0],
  ];
  const coordinates = [
    [5, 1],
    [-5, 1],
    [3, -1],
    [-3, -1],
  ];
  const rows = coordinates.flatMap(([u, v]) => a!.map((x, k) => 7 + u! * x + v! * b![k]!));
  const { points, shares } = principalPlane(rows, 4);
  expect(shares[0] + shares[1]).toBeCloseTo(1, 12);
  coordinates.forEach(([u, v], i) => {
    expect(points[2 * i]).toBeCloseTo(u!, 9);
    expect(points[2 * i + 1]).toBeCloseTo(v!, 9);
  });
});

it('distances never grow, shares fall and stay within 1', () => {
  const row = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 12 }), (rows) => {
      const { points, shares } = principalPlane(rows.flat(), 5);
      expect(shares[0]).toBeGreaterThanOrEqual(shares[1] - 1e-6);
      expect(shares[0] + shares[1]).toBeLessThanOrEqual(1 + 1e-9);
      const seen = Math.hypot(points[0]! - points[2]!, points[1]! - points[3]!);
      const real = Math.hypot(...rows[0]!.map((x, k) => x - rows[1]![k]!));
      expect(seen).toBeLessThanOrEqual(real + 1e-6);
    }),
  );
});

it.each([
  ['no rows', [], 3],
  ['one row', [1, 2, 3], 3],
  ['equal rows', [1, 2, 1, 2], 2],
  ['rows of one number', [1, 2, 4], 1],
])('%s are finite points', (_, rows, dim) => {
  const { points, shares } = principalPlane(rows, dim);
  expect([...points, ...shares].every(Number.isFinite)).toBe(true);
});

it('rows that are not whole are refused', () => {
  expect(() => principalPlane([1, 2, 3], 2)).toThrow(/E_SHAPE|rows of 2/);
});
