import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawMargins } from '../random/margin-draws.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { elasticArcFace, elasticCosFace } from './elastic-face.ts';

/** Target cosines given outright: x_i = (c_i, √(1 − c_i²)) against w_0 = (1, 0), and one negative at right angles. */
function batchOf(cosines: readonly number[]): Parameters<typeof referenceStep>[1] {
  return {
    embeddings: Float64Array.from(cosines.flatMap((c) => [c, Math.sqrt(1 - c * c), 0])),
    weights: Float64Array.of(1, 0, 0, 0, 0, 1),
    labels: cosines.map(() => 0),
    dim: 3,
  };
}

/** The margin that each sample was given, read off its target logit (scale 1, cosine margin). */
function marginsOf(plus: false | true | 'released' | 'paper', cosines: number[], draws: number[]): number[] {
  const loss = elasticCosFace({ scale: 1, plus });
  const { inspection } = referenceStep(loss, { ...batchOf(cosines), draws }, { inspect: true });
  return cosines.map((c, i) => c - inspection!.logits[2 * i]!);
}

/** As the paper says: sort both, the largest margin to the smallest target cosine. */
function paperMargins(cosines: readonly number[], draws: readonly number[]): number[] {
  const hardestFirst = cosines.map((_, i) => i).sort((i, j) => cosines[i]! - cosines[j]!);
  const largestFirst = [...draws].sort((a, b) => b - a);
  const out: number[] = [];
  hardestFirst.forEach((sample, rank) => {
    out[sample] = largestFirst[rank]!;
  });
  return out;
}

/** As released: margins sorted ascending, indexed by the descending argsort of the target cosines. */
function releasedMargins(cosines: readonly number[], draws: readonly number[]): number[] {
  const ascending = [...draws].sort((a, b) => a - b);
  const order = cosines.map((_, i) => i).sort((i, j) => cosines[j]! - cosines[i]!);
  return order.map((index) => ascending[index]!);
}

const samples = fc
  .uniqueArray(fc.integer({ min: -95, max: 95 }), { minLength: 1, maxLength: 9 })
  .chain((percents) =>
    fc.tuple(
      fc.constant(percents.map((percent) => percent / 100)),
      fc.uniqueArray(fc.integer({ min: 1, max: 99 }), {
        minLength: percents.length,
        maxLength: percents.length,
      }),
    ),
  );

describe('ElasticFace+', () => {
  test('without plus the draws go to the samples as they come', () => {
    expect(marginsOf(false, [0.9, 0.1], [0.3, 0.4])).toEqual([
      expect.closeTo(0.3, 12),
      expect.closeTo(0.4, 12),
    ]);
  });

  test('a hand-made batch: paper and release differ', () => {
    const cosines = [0.5, 0.9, 0.1];
    const draws = [0.2, 0.4, 0.3];
    const close = (values: number[]): unknown[] => values.map((value) => expect.closeTo(value, 12));
    expect(marginsOf('paper', cosines, draws)).toEqual(close([0.3, 0.2, 0.4]));
    // The descending argsort is [1, 0, 2]; it indexes [0.2, 0.3, 0.4].
    expect(marginsOf('released', cosines, draws)).toEqual(close([0.3, 0.2, 0.4]));
    expect(marginsOf('paper', [0.5, 0.1, 0.9], draws)).toEqual(close([0.3, 0.4, 0.2]));
    // Here it is [2, 0, 1], which is not its own inverse.
    expect(marginsOf('released', [0.5, 0.1, 0.9], draws)).toEqual(close([0.4, 0.2, 0.3]));
  });

  test('is the paper’s and the release’s assignment, by sorting by hand', () => {
    fc.assert(
      fc.property(samples, ([cosines, percents]) => {
        const draws = percents.map((percent) => percent / 100);
        const paper = paperMargins(cosines, draws);
        const released = releasedMargins(cosines, draws);
        marginsOf('paper', cosines, draws).forEach((margin, i) => {
          expect(margin).toBeCloseTo(paper[i]!, 12);
        });
        marginsOf('released', cosines, draws).forEach((margin, i) => {
          expect(margin).toBeCloseTo(released[i]!, 12);
        });
        expect(marginsOf(true, cosines, draws)).toEqual(marginsOf('released', cosines, draws));
      }),
    );
  });

  test('the angular form adds the assigned margin to the angle', () => {
    const cosines = [0.5, -0.2, 0.8];
    const draws = [0.4, 0.6, 0.5];
    const loss = elasticArcFace({ scale: 1, plus: 'paper' });
    const { inspection } = referenceStep(loss, { ...batchOf(cosines), draws }, { inspect: true });
    paperMargins(cosines, draws).forEach((margin, i) => {
      expect(inspection!.logits[2 * i]).toBeCloseTo(Math.cos(Math.acos(cosines[i]!) + margin), 12);
    });
  });
});

describe('seeded draws', () => {
  const batch = batchOf([0.5, -0.2, 0.8]);
  const logitsOf = (options: object, extra: object = {}): number[] => {
    const loss = elasticCosFace({ scale: 1, std: 0.1, ...options });
    const { inspection } = referenceStep(loss, { ...batch, ...extra }, { inspect: true });
    return [0, 2, 4].map((at) => inspection!.logits[at]!);
  };

  test('are those of drawMargins at the state’s step', () => {
    const state = { loss: 'elastic-cosface', values: { step: 12 } };
    const margins = drawMargins({ mean: 0.35, std: 0.1, seed: 3 }, 12, [40, 41, 42]);
    const logits = logitsOf({ seed: 3 }, { state, sampleKeys: [40, 41, 42] });
    [0.5, -0.2, 0.8].forEach((cos, i) => {
      expect(logits[i]).toBeCloseTo(cos - margins[i]!, 12);
    });
  });

  test('repeat with their seed, differ with another, and move on with the step', () => {
    expect(logitsOf({ seed: 3 })).toEqual(logitsOf({ seed: 3 }));
    expect(logitsOf({ seed: 3 })).not.toEqual(logitsOf({ seed: 4 }));
    const { state } = referenceStep(elasticCosFace({ std: 0.1 }), batch);
    expect(state.values.step).toBe(1);
    expect(logitsOf({}, { state })).not.toEqual(logitsOf({}));
  });

  test('in evaluation the margin is the mean, the caller’s draws or not', () => {
    for (const extra of [{ mode: 'eval' }, { mode: 'eval', draws: [1, 1, 1] }]) {
      const logits = logitsOf({ margin: 0.3 }, extra);
      [0.2, -0.5, 0.5].forEach((expected, i) => {
        expect(logits[i]).toBeCloseTo(expected, 12);
      });
    }
  });
});

test('a margin drawn below 0 never takes an angle past π', () => {
  const loss = elasticArcFace({ scale: 1, beyondPi: 'linear' });
  const { inspection, diagnostics } = referenceStep(
    loss,
    { ...batchOf([-0.999]), draws: [-0.1] },
    { inspect: true },
  );
  expect(diagnostics.pastPiShare).toBe(0);
  expect(inspection!.logits[0]).toBeCloseTo(Math.cos(Math.acos(-0.999) - 0.1), 12);
});
