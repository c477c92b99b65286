import { describe, expect, test } from 'vitest';
import { arcFace } from '../../losses/arc-face.ts';
import { softmax } from '../../losses/softmax.ts';
import { NO_TARGET, type TargetPoints, targetPoints } from './target-points.ts';
import { plainRows, unitRows } from './unit-rows.ts';

const W = [0.5, 0.5, 0.5, 0.5] as const;
const V = [0.5, -0.5, 0.5, -0.5] as const;

/** x = ±w + tan θ·v with v ⟂ w: exact in float64 while tan θ is a power of two. */
function near(side: 1 | -1, tangent: number): { x: Float64Array; points: TargetPoints } {
  const x = Float64Array.from(W, (w, k) => side * w + tangent * V[k]!);
  const points = targetPoints({
    loss: arcFace(),
    x: unitRows(x, 4, 0, 1),
    weights: Float64Array.from(W),
    bias: undefined,
    labels: Int32Array.of(0),
  });
  return { x, points };
}

describe.each([1, -1] as const)('near cos θ = %d', (side) => {
  test.each([10, 20, 27, 30, 40, 50])('sin θ and the tangents keep their digits at θ = 2^-%d', (power) => {
    const tangent = 2 ** -power;
    const sin = tangent / Math.sqrt(1 + tangent * tangent);
    const cos = side / Math.sqrt(1 + tangent * tangent);
    const { points } = near(side, tangent);
    // Normalising rounds each entry of x̂ by one part in 2^53: that is the error of the angle itself.
    expect(Math.abs(points.sin[0]! - sin)).toBeLessThan(4e-16);
    expect(Math.abs(points.cos[0]! - cos)).toBeLessThan(4e-16);
    for (let k = 0; k < 4; k++) {
      const unit = cos * W[k]! + sin * V[k]!;
      // ŵ − cos·x̂ = sin·(sin·w − cos·v);  x̂ − cos·ŵ = sin·v.
      expect(Math.abs(points.tangentX[k]! - sin * (sin * W[k]! - cos * V[k]!))).toBeLessThan(4e-16);
      expect(Math.abs(points.tangentW[k]! - (unit - cos * W[k]!))).toBeLessThan(4e-16);
      expect(Math.abs(points.tangentW[k]! - sin * V[k]!)).toBeLessThan(4e-16);
    }
  });

  test('sin θ is right to the last digits at 1e-8 rad along an axis, where √(1 − cos²) has none', () => {
    const x = Float64Array.of(side, 1e-8);
    const { sin, cos, tangentW } = targetPoints({
      loss: arcFace(),
      x: unitRows(x, 2, 0, 1),
      weights: Float64Array.of(1, 0),
      bias: undefined,
      labels: Int32Array.of(0),
    });
    expect(Math.abs(sin[0]! / 1e-8 - 1)).toBeLessThan(1e-15);
    expect(Math.abs(tangentW[1]! / 1e-8 - 1)).toBeLessThan(1e-15);
    expect(Math.abs(Math.sqrt(1 - cos[0]! ** 2) / 1e-8 - 1)).toBeGreaterThan(0.1);
  });

  test('on the very spot sin θ and the tangents are 0', () => {
    const { points } = near(side, 0);
    expect(points.cos[0]).toBe(side);
    expect(points.sin[0]).toBe(0);
    expect(Math.hypot(...points.tangentX, ...points.tangentW)).toBe(0);
  });
});

test('a zero vector stands at a right angle to its class', () => {
  const zero = targetPoints({
    loss: arcFace(),
    x: unitRows(Float64Array.of(0, 0), 2, 0, 1),
    weights: Float64Array.of(1, 0),
    bias: undefined,
    labels: Int32Array.of(0),
  });
  expect([zero.cos[0], zero.sin[0], ...zero.tangentX, ...zero.tangentW]).toEqual([0, 1, 0, 0, 0, 0]);
});

test('a sample whose class is elsewhere is left at 0, so that shards may be added up', () => {
  const x = unitRows(Float64Array.of(1, 0, 0.6, 0.8), 2, 0, 2);
  const points = targetPoints({
    loss: arcFace(),
    x,
    weights: Float64Array.of(0, 2),
    bias: undefined,
    labels: Int32Array.of(NO_TARGET, 0),
  });
  expect([points.cos[0], points.sin[0], points.inverseW[0]]).toEqual([0, 0, 0]);
  expect(points.cos[1]).toBeCloseTo(0.8, 15);
  expect(points.sin[1]).toBeCloseTo(0.6, 15);
  expect(points.inverseW[1]).toBe(0.5);
});

test('on inner products the point is x·w + b, and the tangents are w and x', () => {
  const points = targetPoints({
    loss: softmax(),
    x: plainRows(Float64Array.of(1, 2), 2, 0, 1),
    weights: Float64Array.of(9, 9, 3, 4),
    bias: Float64Array.of(7, 0.5),
    labels: Int32Array.of(1),
  });
  expect(points.cos[0]).toBe(11.5);
  expect(Array.from(points.tangentX)).toEqual([3, 4]);
  expect(Array.from(points.tangentW)).toEqual([1, 2]);
});
