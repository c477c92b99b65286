import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LossParameters } from '../losses/loss-definition.ts';
import { createLoss } from '../losses/registry.ts';
import { numberOps } from '../readings/number.ts';

test.each<[string, (m: number) => LossParameters]>([
  ['arcface', (margin) => ({ margin })],
  ['combined-margin', (m2) => ({ m1: 1, m2, m3: 0 })],
  ['magface', (m) => ({ lowerMargin: m, upperMargin: m, easyMargin: false })],
])('%s: an unsafe, negative margin is cos(θ + m) as well, and never past π', (name, parameters) => {
  const angle = fc.double({ min: 0, max: Math.PI, noNaN: true });
  const margin = fc.double({ min: -3.14, max: -0.001, noNaN: true });
  fc.assert(
    fc.property(angle, margin, (theta, m) => {
      const loss = createLoss(name, { ...parameters(m), unsafe: true });
      const point = { cos: Math.cos(theta), sin: Math.sin(theta), norm: 20 };
      const { value, pastPi } = loss.target(numberOps, point, {});
      expect(value).toBeCloseTo(Math.cos(theta + m), 12);
      expect(pastPi).toBe(false);
    }),
  );
});
