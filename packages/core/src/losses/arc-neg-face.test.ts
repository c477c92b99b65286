import { expect, test } from 'vitest';
import { dualOps, fixed, variable } from '../readings/dual.ts';
import { numberOps } from '../readings/number.ts';
import { arcFace } from './arc-face.ts';
import { arcNegFace } from './arc-neg-face.ts';

const COSINES = [-1, -0.7, -0.2, 0, 0.31, 0.8, 1];
const tau = (cos: number, pivot: number, alpha = 1.2, sigma = 2): number =>
  alpha * Math.exp(-((cos - pivot) ** 2) / sigma);

test('the target is that of ArcFace, and τ is centred on it, past π too', () => {
  const loss = arcNegFace({ margin: 0.7 });
  for (const theta of [0.1, 1.2, 2, Math.PI - 0.71, Math.PI - 0.69, 3.1]) {
    const point = { cos: Math.cos(theta), sin: Math.sin(theta), norm: 1 };
    const target = loss.target(numberOps, point, {});
    const arc = arcFace({ margin: 0.7 }).target(numberOps, point, {});
    expect(target).toEqual({ ...arc, pivot: arc.value });
    // At its centre τ is α, and as far on either side it is the same.
    expect(loss.negative(numberOps, target.pivot, target.pivot, {}).dCos).toBe(1.2);
    const [left, right] = [-0.25, 0.25].map((by) =>
      loss.negative(numberOps, target.pivot + by, target.pivot, {}),
    );
    expect(left!.dCos).toBeCloseTo(right!.dCos, 14);
  }
});

test('N = τ·cos θ + τ − 1, of slope τ as released', () => {
  const loss = arcNegFace({ alpha: 1.5, sigma: 0.7 });
  for (const cos of COSINES) {
    for (const pivot of [-1.2, 0.1, 0.9]) {
      const expected = tau(cos, pivot, 1.5, 0.7);
      const { value, dCos } = loss.negative(numberOps, cos, pivot, {});
      expect(value).toBeCloseTo(expected * (cos + 1) - 1, 14);
      expect(dCos).toBeCloseTo(expected, 14);
    }
  }
});

test('the exact slope is that of N with the pivot held', () => {
  const exact = arcNegFace({ gradient: 'exact' });
  for (const cos of COSINES) {
    for (const pivot of [-1.2, 0.1, 0.9]) {
      const step = 1e-6;
      const value = (at: number): number => tau(at, pivot) * (at + 1) - 1;
      const { dCos } = exact.negative(numberOps, cos, pivot, {});
      expect(dCos).toBeCloseTo((value(cos + step) - value(cos - step)) / (2 * step), 8);
      expect(exact.negative(dualOps, variable(cos), fixed(pivot), {}).value.slope).toBeCloseTo(dCos, 13);
    }
  }
});
