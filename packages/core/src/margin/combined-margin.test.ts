import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combined } from '../losses/combined.ts';
import { keyedNormal } from '../random/margin-draws.ts';
import { numberOps } from '../readings/number.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { combinedMargin } from './combined-margin.ts';
import type { BeyondPi } from './target-margin.ts';

interface Margins {
  readonly m1: number;
  readonly m2: number;
  readonly m3: number;
}

/** The combined margin by the book, with acos. */
function textbook(cos: number, { m1, m2, m3 }: Margins, beyondPi: BeyondPi): number {
  const theta = Math.acos(cos);
  if (beyondPi === 'linear' && m1 * theta + m2 >= Math.PI) {
    return cos - 1 - Math.cos((Math.PI - m2) / m1) - m3;
  }
  return Math.cos(m1 * theta + m2) - m3;
}

const margins: fc.Arbitrary<Margins> = fc.record({
  m1: fc.double({ min: 0.5, max: 4, noNaN: true }),
  m2: fc.double({ min: 0, max: 3, noNaN: true }),
  m3: fc.double({ min: 0, max: 2, noNaN: true }),
});
const angle = fc.double({ min: 1e-4, max: Math.PI - 1e-4, noNaN: true });
const build = ({ m1, m2, m3 }: Margins, beyondPi: BeyondPi): ReturnType<typeof combinedMargin> =>
  combinedMargin({ multiplicative: m1, angular: m2, cosine: m3 }, { beyondPi });

describe.each(['linear', 'cosine'] as const)('all three margins at once, past π %s', (beyondPi) => {
  test('T is cos(m₁θ + m₂) − m₃ by acos', () => {
    fc.assert(
      fc.property(margins, angle, (m, theta) => {
        fc.pre(Math.abs(m.m1 * theta + m.m2 - Math.PI) > 1e-9);
        const point = { cos: Math.cos(theta), sin: Math.sin(theta), norm: 1 };
        const target = build(m, beyondPi).target(numberOps, point, {});
        expect(Math.abs(target.value - textbook(point.cos, m, beyondPi))).toBeLessThan(1e-11);
        expect(Math.abs(target.pivot - textbook(point.cos, m, 'cosine'))).toBeLessThan(1e-11);
        expect(target.pastPi).toBe(m.m1 * theta + m.m2 >= Math.PI);
      }),
      { numRuns: 500 },
    );
  });

  test('its slope is m₁·sin(m₁θ + m₂)/sin θ, past π 1', () => {
    fc.assert(
      fc.property(margins, angle, (m, theta) => {
        fc.pre(Math.abs(m.m1 * theta + m.m2 - Math.PI) > 1e-9);
        const past = beyondPi === 'linear' && m.m1 * theta + m.m2 > Math.PI;
        const expected = past ? 1 : (m.m1 * Math.sin(m.m1 * theta + m.m2)) / Math.sin(theta);
        const point = { cos: Math.cos(theta), sin: Math.sin(theta), norm: 1 };
        const { dCos } = build(m, beyondPi).target(numberOps, point, {});
        expect(Math.abs(dCos - expected)).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected)));
      }),
      { numRuns: 500 },
    );
  });

  test('the loss of a batch is that of full matrices and the textbook softmax', () => {
    const m: Margins = { m1: 1.35, m2: 0.4, m3: 0.15 };
    const batch = 12;
    const classes = 9;
    const dim = 3;
    const fill = (count: number, seed: number): Float64Array =>
      Float64Array.from({ length: count }, (_, i) => keyedNormal(seed, 0, i));
    const input = {
      embeddings: fill(batch * dim, 1),
      weights: fill(classes * dim, 2),
      labels: Array.from({ length: batch }, (_, i) => (5 * i) % classes),
      dim,
    };
    const row = (values: Float64Array, r: number): Float64Array => values.subarray(r * dim, (r + 1) * dim);
    let past = 0;
    const losses = input.labels.map((label, i) => {
      const x = row(input.embeddings, i);
      const cosines = Array.from({ length: classes }, (_, j) => {
        const w = row(input.weights, j);
        return x.reduce((sum, value, k) => sum + value * w[k]!, 0) / (Math.hypot(...x) * Math.hypot(...w));
      });
      if (m.m1 * Math.acos(cosines[label]!) + m.m2 > Math.PI) past++;
      const target = 16 * textbook(cosines[label]!, m, beyondPi);
      const total = cosines.reduce((sum, c, j) => sum + Math.exp(j === label ? target : 16 * c), 0);
      return Math.log(total) - target;
    });
    const output = referenceStep(combined({ ...m, scale: 16, beyondPi }), input);
    expect(past).toBeGreaterThan(0);
    expect(past).toBeLessThan(batch);
    losses.forEach((loss, i) => {
      expect(Math.abs(output.losses[i]! - loss)).toBeLessThan(1e-11);
    });
    expect(output.loss).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / batch, 11);
    expect(output.diagnostics.pastPiShare).toBe(past / batch);
  });
});

test('the branch past π is continuous', () => {
  fc.assert(
    fc.property(margins, (m) => {
      const bend = (Math.PI - m.m2) / m.m1;
      fc.pre(bend > 0.01 && bend < Math.PI - 0.01);
      const at = (theta: number): number =>
        build(m, 'linear').target(numberOps, { cos: Math.cos(theta), sin: Math.sin(theta), norm: 1 }, {})
          .value;
      expect(Math.abs(at(bend - 1e-9) - at(bend + 1e-9))).toBeLessThan(1e-7);
      expect(at(bend + 1e-9)).toBeCloseTo(-1 - m.m3, 6);
    }),
  );
});

test('where no angle reaches π there is no branch', () => {
  const margin = combinedMargin({ multiplicative: 0.5, angular: 0.2 });
  const { value, pastPi } = margin.target(numberOps, { cos: -1, sin: 0, norm: 1 }, {});
  expect(pastPi).toBe(false);
  expect(value).toBeCloseTo(Math.cos(0.5 * Math.PI + 0.2), 14);
});

test('straight-through takes the slope as 1 and leaves the value', () => {
  const point = { cos: 0.3, sin: Math.sqrt(0.91), norm: 1 };
  const m = { multiplicative: 1.2, angular: 0.3, cosine: 0.1 };
  const exact = combinedMargin(m).target(numberOps, point, {});
  const through = combinedMargin(m, { gradient: 'straight-through' }).target(numberOps, point, {});
  expect(through.dCos).toBe(1);
  expect(exact.dCos).not.toBe(1);
  expect(through.value).toBe(exact.value);
});
