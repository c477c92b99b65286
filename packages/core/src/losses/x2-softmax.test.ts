import { expect, test } from 'vitest';
import { numberOps } from '../readings/number.ts';
import { x2Softmax } from './x2-softmax.ts';

const pointAt = (theta: number) => ({ cos: Math.cos(theta), sin: Math.sin(theta), norm: 1 });
const THETAS = Array.from({ length: 31 }, (_, i) => 0.05 + i / 10);

test.each([
  [-0.9, 0, 0.65],
  [-0.5, 0.4, 1],
])('T = %d·(θ − %d)² + %d, of slope 1 as released and of its own where it is exact', (a, h, k) => {
  for (const theta of THETAS) {
    const straight = x2Softmax({ a, h, k }).target(numberOps, pointAt(theta), {});
    const exact = x2Softmax({ a, h, k, gradient: 'exact' }).target(numberOps, pointAt(theta), {});
    expect(straight.value).toBeCloseTo(a * (theta - h) ** 2 + k, 13);
    expect(exact.value).toBe(straight.value);
    expect(straight.dCos).toBe(1);
    expect(exact.dCos).toBeCloseTo((-2 * a * (theta - h)) / Math.sin(theta), 11);
  }
});

test('the margin cos θ − T grows with the angle', () => {
  const margins = THETAS.map(
    (theta) => Math.cos(theta) - x2Softmax().target(numberOps, pointAt(theta), {}).value,
  );
  for (let i = 1; i < margins.length; i++) expect(margins[i]).toBeGreaterThan(margins[i - 1]!);
});

test('negatives are left as they are', () => {
  expect(x2Softmax().negative(numberOps, 0.3, 0.9, {})).toEqual({ value: 0.3, dCos: 1 });
});
