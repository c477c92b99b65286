import { describe, expect, test } from 'vitest';
import { numberOps } from '../readings/number.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { type SphereFaceROptions, sphereFaceR } from './sphere-face-r.ts';

const { PI } = Math;
const MARGINS = [0.6, 1, 1.5, 2, 2.5, 3.7, 4, 8];
/** Cosines are clamped to ±(1 − 10⁻⁵): angles within this of 0 and π are one. */
const EDGE = 0.0045;

const lossOf = (options: SphereFaceROptions) => sphereFaceR({ unsafe: true, gradient: 'exact', ...options });
const targetAt = (options: SphereFaceROptions, theta: number) =>
  lossOf(options).target(numberOps, { cos: Math.cos(theta), sin: Math.sin(theta), norm: 1 }, {});
const grid = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => EDGE + ((PI - 2 * EDGE) * i) / (count - 1));

describe.each(MARGINS)('m = %d', (margin) => {
  test('v0 is (−1)^k·cos mθ − 2k: it falls all the way, and has no jump at any kπ/m', () => {
    let before = Number.POSITIVE_INFINITY;
    for (const theta of grid(500)) {
      const k = Math.floor((margin * theta) / PI);
      const { value, dCos } = targetAt({ margin }, theta);
      expect(value).toBeCloseTo((-1) ** k * Math.cos(margin * theta) - 2 * k, 10);
      expect(value).toBeLessThan(before);
      expect(dCos).toBeGreaterThanOrEqual(0);
      before = value;
    }
    for (let k = 1; k < margin; k++) {
      const [left, right] = [-1e-9, 1e-9].map((by) => targetAt({ margin }, (k * PI) / margin + by));
      expect(left!.value).toBeCloseTo(1 - 2 * k, 12);
      expect(right!.value).toBeCloseTo(1 - 2 * k, 12);
    }
  });

  test('v1 is cos(min(mθ, 3.14159)), flat past that', () => {
    for (const theta of grid(200)) {
      const { value, dCos } = targetAt({ margin, variant: 'v1' }, theta);
      expect(value).toBeCloseTo(Math.cos(Math.min(margin * theta, PI)), 10);
      if (margin * theta > PI + 1e-9) expect([value, dCos]).toEqual([Math.cos(314159e-5), 0]);
    }
  });

  test('v2 leaves the target alone, and N is cos(θ/m)', () => {
    for (const theta of grid(50)) {
      expect(targetAt({ margin, variant: 'v2' }, theta)).toMatchObject({ value: Math.cos(theta), dCos: 1 });
      const { value, dCos } = lossOf({ margin, variant: 'v2' }).negative(numberOps, Math.cos(theta), 0, {});
      expect(value).toBeCloseTo(Math.cos(theta / margin), 10);
      expect(dCos).toBeCloseTo(Math.sin(theta / margin) / (margin * Math.sin(theta)), 8);
    }
  });
});

test('as released every logit has the slope s, where T is flat too', () => {
  for (const variant of ['v0', 'v1', 'v2'] as const) {
    const loss = sphereFaceR({ variant, margin: 2.5 });
    for (const cos of [-1, -0.9, 0, 0.5, 1]) {
      const point = { cos, sin: Math.sqrt(1 - cos * cos), norm: 1 };
      expect(loss.target(numberOps, point, {}).dCos).toBe(1);
      expect(loss.negative(numberOps, cos, 0, {}).dCos).toBe(1);
    }
  }
});

test('cosines are clamped to ±(1 − 10⁻⁵), with no exact slope past that', () => {
  for (const side of [1, -1]) {
    const negative = lossOf({}).negative(numberOps, side, 0, {});
    expect(negative).toEqual({ value: side * (1 - 1e-5), dCos: 0 });
    const target = targetAt({ margin: 2 }, side > 0 ? 0 : PI);
    expect(target.value).toBeCloseTo(side > 0 ? 2 * (1 - 1e-5) ** 2 - 1 : -1 - 2 * (1 - 1e-5) ** 2, 12);
    expect(target.dCos).toBe(0);
  }
});

test('the loss is w/s times the cross-entropy, which is what it is without w', () => {
  const input = {
    embeddings: Float64Array.of(1, 2, 0.5, -1),
    weights: Float64Array.of(1, 0, 0, 1, -1, 1),
    labels: [0, 2],
    dim: 2,
  };
  const plain = referenceStep(sphereFaceR({ scale: 20 }), input);
  const weighted = referenceStep(sphereFaceR({ scale: 20, lossWeight: 50 }), input);
  expect(weighted.loss).toBeCloseTo(2.5 * plain.loss, 12);
  expect(weighted.losses[1]).toBeCloseTo(2.5 * plain.losses[1]!, 12);
  expect(weighted.gradWeights[3]).toBeCloseTo(2.5 * plain.gradWeights[3]!, 12);
  expect(sphereFaceR({ scale: 20 }).lossWeight).toBe(1);
});
