import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CfError } from './errors/cf-error.ts';
import { adaFace } from './losses/ada-face.ts';
import { arcFace } from './losses/arc-face.ts';
import { curricularFace } from './losses/curricular-face.ts';
import { mvArcSoftmax } from './losses/mv-softmax.ts';
import { normFace } from './losses/norm-face.ts';
import { softmax } from './losses/softmax.ts';
import { sphereFace } from './losses/sphere-face.ts';
import { combinedMargin } from './margin/combined-margin.ts';
import { hardMask } from './modulation/hard-mask.ts';
import { COSINE_BOUND, NORM_FLOOR, SIN_FLOOR } from './numerics.ts';
import { keyedNormal } from './random/margin-draws.ts';
import { numberOps } from './readings/number.ts';
import { referenceStep } from './reference/reference-step.ts';

const cosine = fc.double({ min: -1, max: 1, noNaN: true });

test('the constants are the documented ones', () => {
  expect([NORM_FLOOR, SIN_FLOOR, COSINE_BOUND]).toEqual([1e-12, 1e-6, 1]);
});

describe('SIN_FLOOR', () => {
  const margins = [arcFace(), arcFace({ margin: 3 }), mvArcSoftmax(), curricularFace()];

  test('bounds the slope of every angular margin by 1 + 1/SIN_FLOOR, down to sin θ = 0', () => {
    const sine = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e-5, noNaN: true }));
    fc.assert(
      fc.property(fc.constantFrom(...margins), fc.constantFrom(1, -1), sine, (loss, side, sin) => {
        const point = { cos: side * Math.sqrt(1 - sin * sin), sin, norm: 1 };
        expect(Math.abs(loss.target(numberOps, point, { t: 0 }).dCos)).toBeLessThanOrEqual(1 + 1 / SIN_FLOOR);
      }),
    );
  });

  test('bounds m₁ times as much where θ is multiplied', () => {
    const margin = combinedMargin({ multiplicative: 2, angular: 0.5 }, { beyondPi: 'cosine' });
    const { dCos } = margin.target(numberOps, { cos: 1, sin: 0, norm: 1 }, {});
    expect(dCos).toBeCloseTo((2 * Math.sin(0.5)) / SIN_FLOOR, 3);
  });

  test('changes nothing above it', () => {
    const theta = 2 * SIN_FLOOR;
    const { dCos } = arcFace().target(numberOps, { cos: Math.cos(theta), sin: Math.sin(theta), norm: 1 }, {});
    const exact = Math.sin(theta + 0.5) / Math.sin(theta);
    expect(Math.abs(dCos / exact - 1)).toBeLessThan(1e-12);
  });
});

describe('NORM_FLOOR', () => {
  const gradientAt = (norm: number): Float64Array =>
    referenceStep(arcFace(), {
      embeddings: Float64Array.of(0.6 * norm, 0.8 * norm),
      weights: Float64Array.of(1, 0, 0, 1),
      labels: [0],
      dim: 2,
    }).gradEmbeddings as Float64Array;

  test('just over it a vector has a direction, just under it it is zero', () => {
    expect(Math.hypot(...gradientAt(NORM_FLOOR * 1.01))).toBeGreaterThan(1 / NORM_FLOOR);
    expect(Array.from(gradientAt(NORM_FLOOR * 0.99))).toEqual([0, 0]);
  });
});

describe('COSINE_BOUND', () => {
  test('no cosine passes it, though inner products of unit vectors do', () => {
    let past = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const x = Float64Array.from({ length: 5 }, (_, k) => keyedNormal(seed, 0, k));
      const norm = Math.hypot(...x);
      const square = x.reduce((sum, value) => sum + (value / norm) ** 2, 0);
      if (square > COSINE_BOUND) past++;
      const opposite = x.map((value) => -value);
      const { diagnostics, inspection } = referenceStep(
        normFace({ scale: 1 }),
        { embeddings: x, weights: Float64Array.of(...x, ...opposite, ...x), labels: [0], dim: 5 },
        { inspect: true },
      );
      expect(diagnostics.meanTargetCosine).toBeLessThanOrEqual(COSINE_BOUND);
      for (const logit of inspection!.logits) expect(Math.abs(logit)).toBeLessThanOrEqual(COSINE_BOUND);
    }
    expect(past).toBeGreaterThan(10);
  });
});

describe('the mask is strict', () => {
  test('equality is easy, one bit more is hard', () => {
    fc.assert(
      fc.property(cosine, (pivot) => {
        const above = pivot + Number.EPSILON * Math.max(Math.abs(pivot), 1e-300);
        expect(hardMask(numberOps, pivot, pivot)).toBe(false);
        if (above > pivot) expect(hardMask(numberOps, above, pivot)).toBe(true);
        for (const loss of [curricularFace(), mvArcSoftmax()]) {
          expect(loss.negative(numberOps, pivot, pivot, { t: 0.3 })).toEqual({ value: pivot, dCos: 1 });
        }
      }),
    );
  });

  test('in a whole step: cos θ_j = 0.5 beside a pivot of exactly 1 − 0.5', () => {
    const at = (margin: number): ReturnType<typeof referenceStep> =>
      referenceStep(
        curricularFace({ margin: { kind: 'cosine', margin }, alpha: 0, scale: 2 }),
        {
          embeddings: Float64Array.of(1, 0, 0, 0),
          // ‖(1, 1, 1, 1)‖ = 2, so its cosine is 0.5 to the last bit.
          weights: Float64Array.of(1, 0, 0, 0, 1, 1, 1, 1),
          labels: [0],
          dim: 4,
        },
        { inspect: true },
      );
    const equal = at(0.5);
    expect(equal.diagnostics).toMatchObject({ hardShare: 0, emphasisedShare: null, minModulation: null });
    expect(Array.from(equal.inspection!.logits)).toEqual([1, 1]);
    expect(equal.loss).toBeCloseTo(Math.LN2, 15);
    const above = at(0.5 + 2 ** -52);
    expect(above.diagnostics.hardShare).toBe(1);
    expect(above.inspection!.logits[1]).toBe(0.5);
  });
});

describe('the log-sum-exp', () => {
  const wrong = {
    embeddings: Float64Array.of(1, 0),
    weights: Float64Array.of(0, 1, 1, 0),
    labels: [0],
    dim: 2,
  };

  test('does not overflow at s = 1,024: a sample on a wrong class loses s·(1 + sin m)', () => {
    const output = referenceStep(arcFace({ scale: 1024 }), wrong);
    expect(Math.abs(output.loss - 1024 * (1 + Math.sin(0.5)))).toBeLessThan(1e-9);
    expect(Array.from(output.gradEmbeddings).every(Number.isFinite)).toBe(true);
  });

  test('p ≤ 1: a loss is never negative', () => {
    fc.assert(
      fc.property(
        fc.array(cosine, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(1, 64, 1024),
        (cosines, scale) => {
          const rows = [1, ...cosines].flatMap((c) => [c, Math.sqrt(1 - c * c)]);
          const { losses } = referenceStep(normFace({ scale }), {
            embeddings: Float64Array.of(1, 0),
            weights: Float64Array.from(rows),
            labels: [0],
            dim: 2,
          });
          expect(losses[0]).toBeGreaterThanOrEqual(0);
          // No cosine is larger than the target's 1, so p ≥ 1/C.
          expect(losses[0]).toBeLessThanOrEqual(Math.log(cosines.length + 1) + 1e-9);
        },
      ),
    );
  });

  test('a loss of 1e-30 keeps its digits, and so does its gradient', () => {
    const c = 1 + Math.log(1e-30) / 64;
    const output = referenceStep(
      normFace({ scale: 64 }),
      {
        embeddings: Float64Array.of(3, 0),
        weights: Float64Array.of(1, 0, c, Math.sqrt(1 - c * c)),
        labels: [0],
        dim: 2,
      },
      { inspect: true },
    );
    expect(Math.abs(output.loss / 1e-30 - 1)).toBeLessThan(1e-12);
    expect(Math.abs(output.inspection!.gradLogits[0]! / -1e-30 - 1)).toBeLessThan(1e-12);
    expect(Math.abs(output.inspection!.gradLogits[1]! / 1e-30 - 1)).toBeLessThan(1e-12);
    // −log p by the textbook has none left.
    expect(-Math.log(1 / (1 + 1e-30))).toBe(-0);
  });
});

test('entries of 1e200 and 1e-200 stay finite in a whole step', () => {
  for (const loss of [arcFace(), curricularFace(), adaFace()]) {
    const output = referenceStep(loss, {
      embeddings: Float64Array.of(3e200, 4e200, 3e-200, 4e-200),
      weights: Float64Array.of(1e200, 0, 1e-200, 1e-11, 1e200, -1e200),
      labels: [0, 1],
      dim: 2,
    });
    const numbers = [output.loss, ...output.losses, ...output.gradEmbeddings, ...output.gradWeights];
    expect(numbers.every(Number.isFinite)).toBe(true);
  }
});

describe('what overflows is an error, or finite', () => {
  test.each([
    ['softmax', softmax({ bias: false }), 1e200],
    ['sphereface', sphereFace(), 1.7e308],
  ] as const)('%s', (_, loss, size) => {
    const input = {
      embeddings: Float64Array.of(size, size),
      weights: Float64Array.of(size, 0, 0, 1),
      labels: [1],
      dim: 2,
    };
    const output = ((): number => {
      try {
        return referenceStep(loss, input).loss;
      } catch (error) {
        return error instanceof CfError ? 0 : Number.NaN;
      }
    })();
    expect(output).not.toBeNaN();
  });
});
