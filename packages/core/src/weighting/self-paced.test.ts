import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normFace } from '../losses/norm-face.ts';
import { selfPaced } from '../losses/weighted.ts';
import { batchOps } from '../readings/batch.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { initialState } from '../state/loss-state.ts';
import { paceAfter, type SelfPacedOptions, selfPacedWeighting } from './self-paced.ts';

/** v(loss; λ) of the papers, printed as they print it. */
function textbook(loss: number, lambda: number, options: SelfPacedOptions): number {
  switch (options.regulariser) {
    case 'linear':
      return loss < lambda ? 1 - loss / lambda : 0;
    case 'mixture': {
      const lower = (options.lowerShare ?? 0.5) * lambda;
      const zeta = (lambda * lower) / (lambda - lower);
      if (loss <= lower) return 1;
      return loss >= lambda ? 0 : zeta * (1 / loss - 1 / lambda);
    }
    default:
      return loss < lambda ? 1 : 0;
  }
}

const options: fc.Arbitrary<SelfPacedOptions> = fc.record({
  regulariser: fc.constantFrom('hard', 'linear', 'mixture'),
  pace: fc.double({ min: 0.1, max: 5, noNaN: true }),
  growth: fc.double({ min: 1, max: 2, noNaN: true }),
  maximumPace: fc.double({ min: 3, max: 20, noNaN: true }),
  lowerShare: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
});
const losses = fc.array(fc.double({ min: 0, max: 12, noNaN: true }), { minLength: 1, maxLength: 12 });

test('G, the mean and the gradient are the papers’, over a schedule of several steps', () => {
  fc.assert(
    fc.property(options, losses, fc.integer({ min: 1, max: 8 }), (given, nll, steps) => {
      const weighting = selfPacedWeighting(given);
      let pace = weighting.initialValues.pace!;
      for (let step = 0; step < steps; step++) {
        const lambda = Math.min(given.pace! * given.growth! ** step, given.maximumPace!);
        fc.pre(nll.every((l) => Math.abs(l - lambda) > 1e-9));
        expect(Math.abs(pace - lambda)).toBeLessThan(1e-12 * lambda);
        expect(Math.abs(pace - paceAfter(step, given))).toBeLessThan(1e-12 * lambda);
        const sampleWeights = Float64Array.from(nll, (_, i) => 1 + (i % 3));
        const reduced = weighting.reduce(
          batchOps,
          { nll: Float64Array.from(nll), sampleWeights },
          { pace: Float64Array.of(pace) },
          'train',
        );
        let total = 0;
        nll.forEach((loss, i) => {
          const weight = sampleWeights[i]! * textbook(loss, lambda, given);
          total += weight * loss;
          expect(Math.abs(reduced.losses[i]! - weight * loss)).toBeLessThan(1e-9);
          expect(Math.abs(reduced.dNll[i]! - weight / nll.length)).toBeLessThan(1e-9);
        });
        expect(Math.abs(reduced.loss[0]! - total / nll.length)).toBeLessThan(1e-9);
        pace = reduced.next.pace![0]!;
      }
    }),
    { numRuns: 200 },
  );
});

test('a loss at the pace is out, and at the lower pace of the mixture wholly in', () => {
  const at = (regulariser: 'hard' | 'linear' | 'mixture', nll: number): number =>
    selfPacedWeighting({ regulariser, pace: 2, lowerShare: 0.5 }).reduce(
      batchOps,
      { nll: Float64Array.of(nll), sampleWeights: Float64Array.of(1) },
      { pace: Float64Array.of(2) },
      'train',
    ).dNll[0]!;
  for (const regulariser of ['hard', 'linear', 'mixture'] as const) expect(at(regulariser, 2)).toBe(0);
  expect(at('mixture', 1)).toBe(1);
  expect(at('mixture', 1.5)).toBeCloseTo(((2 * 1) / (2 - 1)) * (1 / 1.5 - 1 / 2), 14);
  expect(at('linear', 0)).toBe(1);
});

describe('in a head', () => {
  const input = {
    embeddings: Float64Array.of(1, 0.1, 0.3, 1, -1, 0.2),
    weights: Float64Array.of(1, 0, 0, 1),
    labels: [0, 1, 0],
    dim: 2,
  };
  const loss = selfPaced(normFace({ scale: 8 }), { pace: 0.5, growth: 1.5, maximumPace: 2 });

  test('the pace grows with each training step up to its maximum, and not in evaluation', () => {
    let state = initialState(loss);
    const seen = [state.values.pace];
    for (let step = 0; step < 5; step++) {
      expect(referenceStep(loss, { ...input, state, mode: 'eval' }).state).toEqual(state);
      state = referenceStep(loss, { ...input, state }).state;
      seen.push(state.values.pace);
    }
    expect(seen).toEqual([0.5, 0.75, 1.125, 1.6875, 2, 2]);
  });

  test('the hard sample has no gradient until the pace reaches its loss', () => {
    const plain = referenceStep(normFace({ scale: 8 }), input);
    expect(plain.losses[2]).toBeGreaterThan(2);
    const paced = referenceStep(loss, input);
    expect(Array.from(paced.gradEmbeddings.slice(4))).toEqual([0, 0]);
    expect(paced.gradEmbeddings.slice(0, 4)).toEqual(plain.gradEmbeddings.slice(0, 4));
    expect(paced.loss).toBeCloseTo((plain.losses[0]! + plain.losses[1]!) / 3, 15);
  });
});

test('an infinite pace is carried as a finite number, and a start above the maximum is cut', () => {
  expect(selfPacedWeighting({ pace: Number.POSITIVE_INFINITY }).initialValues.pace).toBe(1e30);
  expect(selfPacedWeighting({ pace: 5, maximumPace: 2 }).initialValues.pace).toBe(2);
  expect(paceAfter(0, { pace: 5, maximumPace: 2 })).toBe(2);
});

describe('without a pace', () => {
  const batch = (nll: readonly number[], pace: number, mode: 'train' | 'eval' = 'train') =>
    selfPacedWeighting().reduce(
      batchOps,
      { nll: Float64Array.from(nll), sampleWeights: new Float64Array(nll.length).fill(1) },
      { pace: Float64Array.of(pace) },
      mode,
    );

  test('the first batch lets more than half of its samples in, and not the hardest', () => {
    fc.assert(
      fc.property(losses, (nll) => {
        const weighting = selfPacedWeighting();
        expect(weighting.initialValues.pace).toBe(0);
        const { dNll, next } = batch(nll, 0);
        const among = [...dNll].filter((slope) => slope > 0).length;
        expect(among).toBeGreaterThan(nll.length / 2);
        const lambda = next.pace![0]! / 1.01;
        expect(among).toBe(nll.filter((one) => one < lambda).length);
        // A later batch goes by it.
        expect(batch(nll, next.pace![0]!).next.pace![0]).toBeCloseTo(next.pace![0]! * 1.01, 9);
      }),
    );
    // The median is 41.
    expect([...batch([42, 40, 41, 60, 39], 0).dNll].map((slope) => slope > 0)).toEqual([
      false,
      true,
      true,
      false,
      true,
    ]);
  });

  test('evaluation does not set it', () => {
    expect(batch([1, 2, 3], 0, 'eval').next.pace![0]).toBe(0);
  });

  test('in a head the loss of the first step is not 0, and 40 steps learn', () => {
    const loss = selfPaced(normFace({ scale: 32 }));
    const embeddings = Float64Array.from({ length: 16 }, (_, i) => Math.sin(3 * i + 1));
    const input = {
      embeddings,
      weights: Float64Array.of(1, 0, 0, 1, -1, 0.3),
      labels: [0, 1, 2, 0, 1, 2, 0, 1],
      dim: 2,
    };
    const first = referenceStep(loss, { ...input, state: initialState(loss) });
    expect(first.loss).toBeGreaterThan(0);
    expect(first.gradEmbeddings.some((slope) => slope !== 0)).toBe(true);
    expect(first.state.values.pace).toBeGreaterThan(0);
    const down = (values: Float64Array<ArrayBuffer>, slopes: ArrayLike<number>) =>
      values.map((value, i) => value - 0.05 * slopes[i]!);
    let [trained, state] = [input, initialState(loss)];
    for (let step = 0; step < 40; step++) {
      const output = referenceStep(loss, { ...trained, state });
      ({ state } = output);
      trained = {
        ...trained,
        embeddings: down(trained.embeddings, output.gradEmbeddings),
        weights: down(trained.weights, output.gradWeights),
      };
    }
    const among = [...first.losses.keys()].filter((i) => first.losses[i]! > 0);
    const meanOf = (values: typeof input): number => {
      const { losses: each } = referenceStep(normFace({ scale: 32 }), values);
      return among.reduce((sum, i) => sum + each[i]!, 0) / among.length;
    };
    expect(meanOf(trained)).toBeLessThan(0.5 * meanOf(input));
  });
});
