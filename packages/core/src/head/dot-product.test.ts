import { expect, test } from 'vitest';
import { dotProduct } from './dot-product.ts';

test.each([0, 1, 3, 4, 7, 41])('every one of %d products counts once', (length) => {
  const a = Float64Array.from({ length }, (_, i) => i + 1);
  const b = Float32Array.from({ length }, (_, i) => 2 * i + 1);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (i + 1) * (2 * i + 1);
  expect(dotProduct(a, b)).toBe(sum);
});

test('sums are of float64: squares of float32 neither overflow nor vanish', () => {
  const values = new Float32Array([1e30, 1e-30]);
  expect(dotProduct(values, values) / 1e60).toBeCloseTo(1, 6);
  const small = new Float32Array([1e-30]);
  expect(dotProduct(small, small)).toBeGreaterThan(0);
});
