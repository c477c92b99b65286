import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numberOps } from '../../../readings/number.ts';
import { type TargetAngle, targetAngle, targetTangent } from './target-angle.ts';

type Pair = readonly [number, number];

function angleOf(x: Pair, w: Pair): TargetAngle<number, boolean> {
  const over = (f: (a: number, b: number) => number): number => f(x[0], w[0]) + f(x[1], w[1]);
  return targetAngle(numberOps, {
    product: over((a, b) => a * b),
    differences: over((a, b) => (a - b) ** 2),
    sums: over((a, b) => (a + b) ** 2),
    alive: over((a) => a * a) > 0 && over((_, b) => b * b) > 0,
  });
}

const at = (angle: number): Pair => [Math.cos(angle), Math.sin(angle)];

describe('the angle of unit vectors', () => {
  test('has its cosine, its sine and both tangents', () => {
    const angles = fc.double({ min: -3.1, max: 3.1, noNaN: true });
    fc.assert(
      fc.property(angles, angles, (first, between) => {
        const [x, w] = [at(first), at(first + between)];
        const angle = angleOf(x, w);
        expect(Math.abs(angle.cos - Math.cos(between))).toBeLessThan(1e-14);
        expect(Math.abs(angle.sin - Math.abs(Math.sin(between)))).toBeLessThan(1e-14);
        for (const k of [0, 1] as const) {
          const [towardsW, towardsX] = [w[k] - angle.cos * x[k], x[k] - angle.cos * w[k]];
          expect(Math.abs(targetTangent(numberOps, angle, x[k], w[k]) - towardsW)).toBeLessThan(1e-14);
          expect(Math.abs(targetTangent(numberOps, angle, w[k], x[k]) - towardsX)).toBeLessThan(1e-14);
        }
      }),
    );
  });

  test.each([1e-9, Math.PI - 1e-9])('keeps its digits at %d', (between) => {
    const [x, w] = [at(0), at(between)];
    const angle = angleOf(x, w);
    expect(Math.abs(angle.sin / Math.abs(w[1]) - 1)).toBeLessThan(1e-7);
    // Orthogonal to x, of length sin θ: 1 − cos² would leave nothing.
    expect(Math.abs(targetTangent(numberOps, angle, x[1], w[1]) / w[1] - 1)).toBeLessThan(1e-15);
    expect(Math.abs(targetTangent(numberOps, angle, x[0], w[0]))).toBeLessThan(1e-17);
  });

  test('is a right one where a vector has no direction, and rounding leaves it within the circle', () => {
    const { cos, sin } = angleOf([0, 0], [0, 1]);
    expect([cos, sin]).toEqual([0, 1]);
    const past = { product: 1 + 1e-15, differences: 0, sums: 4 + 1e-14, alive: true };
    expect(targetAngle(numberOps, past).cos).toBe(1);
    expect(targetAngle(numberOps, { ...past, product: -1 - 1e-15 }).cos).toBe(-1);
    expect(targetAngle(numberOps, { ...past, product: 0, differences: 2.1, sums: 2.1 }).sin).toBe(1);
  });
});
