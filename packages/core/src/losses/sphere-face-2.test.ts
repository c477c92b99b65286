import { describe, expect, test } from 'vitest';
import type { HeadInput } from '../head/contract.ts';
import { dualOps, fixed, variable } from '../readings/dual.ts';
import { numberOps } from '../readings/number.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { createLoss } from './registry.ts';
import { type SphereFace2Options, sphereFace2 } from './sphere-face-2.ts';

const { PI } = Math;
const CASES: readonly (readonly [string, SphereFace2Options])[] = [
  ['C', { marginType: 'C', margin: 0.4 }],
  ['A', { marginType: 'A', margin: 0.5 }],
  ['M', { marginType: 'M', margin: 1.7 }],
  ['C, t = 1', { marginType: 'C', margin: 0.2, t: 1 }],
  ['A, t = 2.5', { marginType: 'A', margin: 0.7, t: 2.5 }],
  ['M, t = 0.6', { marginType: 'M', margin: 2.2, t: 0.6 }],
  ['C, t = 11', { marginType: 'C', margin: 0.1, t: 11 }],
  ['A, own clamp', { marginType: 'A', margin: 0.1, angleClamp: [0.4, 2.5] }],
  ['M, own clamp', { marginType: 'M', margin: 1.2, angleClamp: [0.4, 2.5] }],
];

/** The margin's own formula of an angle, from the paper. */
function positive(
  { marginType, margin = 0, t = 3, angleClamp = [1e-8, 3.14] }: SphereFace2Options,
  theta: number,
) {
  const g = (angle: number): number => 2 * ((Math.cos(angle) + 1) / 2) ** t - 1;
  const clamped = (angle: number): number => Math.min(Math.max(angle, angleClamp[0]), angleClamp[1]);
  if (marginType === 'C') return g(theta) - margin;
  return g(clamped(marginType === 'A' ? theta + margin : margin * theta));
}
function negative(
  { marginType, margin = 0, t = 3, angleClamp = [1e-8, 3.14] }: SphereFace2Options,
  theta: number,
): number {
  const within = Math.min(Math.max(theta, angleClamp[0]), angleClamp[1]);
  const g = (angle: number): number => 2 * ((Math.cos(angle) + 1) / 2) ** t - 1;
  return marginType === 'C' ? g(theta) + margin : g(within);
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const plane = (...angles: number[]): Float64Array =>
  Float64Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));

describe.each(CASES)('%s', (_, options) => {
  const samples = [0.2, 0.9, 1.7, 2.6, 3.1];
  const others = [1.3, -0.8, 2.9];
  const [scale, lambda, weight, b] = [6, 0.7, 50, -1.1];
  const input: HeadInput = {
    embeddings: plane(...samples),
    weights: plane(0, ...others),
    labels: samples.map(() => 0),
    dim: 2,
    bias: Float64Array.of(b),
  };
  const loss = sphereFace2({ ...options, scale, lambda, lossWeight: weight });

  test('is the brute-force formula, gradient of the bias and all', () => {
    const { inspection, losses, gradBias } = referenceStep(loss, input, { inspect: true, tileSize: 2 });
    let byBias = 0;
    samples.forEach((theta, i) => {
      const z = [
        scale * positive(options, theta) + b,
        ...others.map((angle) => {
          const between = Math.acos(Math.cos(angle - theta));
          return scale * negative(options, between) + b;
        }),
      ];
      const [own, ...rest] = z as [number, ...number[]];
      const sum = rest.reduce((total, x) => total + Math.log1p(Math.exp(x)), 0);
      const expected = (weight / scale) * (lambda * Math.log1p(Math.exp(-own)) + (1 - lambda) * sum);
      expect(losses[i]).toBeCloseTo(expected, 8);
      z.forEach((x, j) => {
        expect(inspection!.logits[4 * i + j]).toBeCloseTo(x, 8);
        const slope = j === 0 ? -lambda * sigmoid(-x) : (1 - lambda) * sigmoid(x);
        byBias += ((weight / scale) * slope) / samples.length;
      });
    });
    expect(gradBias).toHaveLength(1);
    expect(gradBias![0]).toBeCloseTo(byBias, 8);
  });

  test('exact slopes are those of the formulas; as released they are 1', () => {
    const exact = sphereFace2({ ...options, gradient: 'exact' });
    for (let theta = 0.03; theta < PI; theta += 0.1) {
      const cos = Math.cos(theta);
      const step = 1e-6;
      const slopeOf = (f: (options: SphereFace2Options, theta: number) => number): number =>
        (f(options, theta + step) - f(options, theta - step)) / (2 * step * -Math.sin(theta));
      const point = { cos, sin: Math.sin(theta), norm: 1 };
      expect(exact.target(numberOps, point, {}).dCos).toBeCloseTo(slopeOf(positive), 5);
      expect(exact.negative(numberOps, cos, 0, {}).dCos).toBeCloseTo(slopeOf(negative), 5);
      const dual = exact.negative(dualOps, variable(cos), fixed(0), {});
      expect(dual.value.slope).toBeCloseTo(dual.dCos.value, 10);
      expect(loss.target(numberOps, point, {}).dCos).toBe(1);
      expect(loss.negative(numberOps, cos, 0, {}).dCos).toBe(1);
    }
  });

  test.each([1, 2, 3, 5, 50, 1e4, 1e8])(
    'b starts where positives are as wrong as negatives, of %d classes',
    (classes) => {
      for (const share of [0.5, lambda, 0.01, 0.999]) {
        const start = sphereFace2({ ...options, scale, lambda: share }).bias!.start(classes);
        const own = share * sigmoid(-(scale * positive(options, PI / 2) + start));
        // A single class counts as two.
        const rest =
          (1 - share) * Math.max(classes - 1, 1) * sigmoid(scale * negative(options, PI / 2) + start);
        expect(own / rest).toBeCloseTo(1, 9);
      }
    },
  );
});

test.each(['A', 'M'] as const)('%s: cosines are clamped to ±(1 − 10⁻⁸) before the angle', (marginType) => {
  const loss = sphereFace2({ marginType, gradient: 'exact' });
  const margin = marginType === 'A' ? 0.5 : 1.7;
  const { value, dCos } = loss.target(numberOps, { cos: 1, sin: 0, norm: 1 }, {});
  expect(value).toBeCloseTo(positive({ marginType, margin }, Math.acos(1 - 1e-8)), 11);
  expect(dCos).toBe(0);
  expect(loss.target(numberOps, { cos: -1, sin: 0, norm: 1 }, {}).value).toBeCloseTo(
    positive({ marginType, margin }, PI),
    14,
  );
});

test('b is one number, whose start is finite at extremes', () => {
  expect(sphereFace2().bias!.of).toBe('all classes');
  for (const scale of [1, 64, 1000]) {
    for (const margin of [0, 2]) {
      for (const lambda of [0.5, 0.7]) {
        const start = sphereFace2({ scale, margin, lambda }).bias!.start(2);
        expect(Number.isFinite(start)).toBe(true);
      }
    }
  }
});

test('at cos θ = −1 a power below 1 has a value, and a slope with a bound', () => {
  const loss = sphereFace2({ t: 0.5, gradient: 'exact' });
  const { value, dCos } = loss.negative(numberOps, -1, 0, {});
  expect(value).toBeCloseTo(-1 + 0.4, 15);
  expect(dCos).toBeCloseTo(0.5 * 1e-7 ** -0.5, 6);
});

test.each<[SphereFace2Options, RegExp]>([
  [{ marginType: 'A', margin: -0.1, unsafe: true }, /^margin = -0.1/],
  [{ marginType: 'A', margin: PI }, /^margin = 3.14/],
  [{ marginType: 'M', margin: 0.9 }, /^margin = 0.9, .*set unsafe to true/s],
  [{ marginType: 'M', margin: 8.1, unsafe: true }, /^margin = 8.1/],
  [{ angleClamp: [1, 1] }, /^angleClamp = \[1,1\]/],
  [{ angleClamp: [-0.1, 1] }, /^angleClamp = /],
  [{ angleClamp: [0, 3.15] }, /^angleClamp = /],
  [{ angleClamp: 3 as unknown as [number, number] }, /^angleClamp = 3/],
  [{ marginType: 'B' as 'A' }, /^marginType = "B"/],
])('%j is refused', (options, message) => {
  expect(() => sphereFace2(options)).toThrow(message);
  expect(() => createLoss('sphereface2', { ...options } as Record<string, unknown>)).toThrow(
    /^(margin|angleClamp|marginType) = /,
  );
});
