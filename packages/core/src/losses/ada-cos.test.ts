import { describe, expect, test } from 'vitest';
import type { HeadInput } from '../head/contract.ts';
import { keyedNormal } from '../random/margin-draws.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { adaCos } from './ada-cos.ts';

const DIM = 3;
const START = (classes: number): number => Math.SQRT2 * Math.log(Math.max(classes - 1, 2));

function problem(batch: number, classes: number, spread = 1): HeadInput {
  const labels = Array.from({ length: batch }, (_, i) => i % classes);
  const weights = Float64Array.from({ length: classes * DIM }, (_, i) => keyedNormal(1, 0, i));
  const embeddings = Float64Array.from(
    { length: batch * DIM },
    (_, at) =>
      weights[labels[Math.floor(at / DIM)]! * DIM + (at % DIM)]! + spread * keyedNormal(2, classes, at),
  );
  return { embeddings, weights, labels, dim: DIM };
}

function cosines({ embeddings, weights, labels }: HeadInput): number[][] {
  const row = (of: ArrayLike<number>, i: number): number[] => Array.from(of).slice(i * DIM, (i + 1) * DIM);
  return Array.from(labels, (_, i) =>
    Array.from({ length: weights.length / DIM }, (_, j) => {
      const [x, w] = [row(embeddings, i), row(weights, j)];
      return x.reduce((sum, a, k) => sum + a * w[k]!, 0) / (Math.hypot(...x) * Math.hypot(...w));
    }),
  );
}

/** Eq. 15, literally. */
function moved(input: HeadInput, before: number): number {
  const all = cosines(input);
  const { labels } = input;
  const others = all.map((row, i) =>
    row.reduce((sum, cos, j) => sum + (j === labels[i] ? 0 : Math.exp(before * cos)), 0),
  );
  const average = others.reduce((a, b) => a + b) / labels.length;
  const angles = all.map((row, i) => Math.acos(row[labels[i]!]!)).sort((a, b) => a - b);
  const median = angles[Math.floor((angles.length - 1) / 2)]!;
  return Math.log(average) / Math.cos(Math.min(Math.PI / 4, median));
}

/** s as it was used, read off every logit. */
function usedScale(input: HeadInput, logits: ArrayLike<number>): number {
  const all = cosines(input).flat();
  const scale = logits[0]! / all[0]!;
  for (const [at, cos] of all.entries()) expect(logits[at]).toBeCloseTo(scale * cos, 9);
  return scale;
}

describe('s moves before it is used', () => {
  // With little spread the median is below 45° and counts; samples 1, 4 and 9 have one in the middle, 2 and 8 two.
  test.each([
    [1, 4, 0.3],
    [2, 4, 0.3],
    [4, 9, 1],
    [8, 5, 0.3],
    [9, 5, 0.3],
    [9, 5, 3],
    [7, 3, 0.3],
    [8, 2, 0.3],
  ])('batch %d, classes %d, spread %d', (batch, classes, spread) => {
    const input = problem(batch, classes, spread);
    const first = referenceStep(adaCos(), input, { inspect: true, tileSize: 2 });
    const expected = moved(input, START(classes));
    expect(first.state.values.scale).toBeCloseTo(expected, 10);
    expect(usedScale(input, first.inspection!.logits)).toBeCloseTo(expected, 10);
    const second = referenceStep(adaCos(), { ...input, state: first.state });
    expect(second.state.values.scale).toBeCloseTo(moved(input, expected), 9);
  });

  test('and is no exponential that overflows', () => {
    const state = { loss: 'adacos', values: { step: 4, scale: 5000 } };
    const input = { ...problem(1, 3, 0.3), state };
    const most = Math.max(...cosines(input)[0]!.slice(1));
    const median = Math.max(cosines(input)[0]![0]!, Math.SQRT1_2);
    const { values } = referenceStep(adaCos(), input).state;
    expect(values.scale! / ((5000 * most) / median)).toBeCloseTo(1, 12);
  });
});

test('evaluation takes s as it stands: s₀ before the first step, then the last', () => {
  const input: HeadInput = { ...problem(5, 6), mode: 'eval' };
  const before = referenceStep(adaCos(), input, { inspect: true });
  expect(usedScale(input, before.inspection!.logits)).toBeCloseTo(START(6), 12);
  expect(before.state.values).toEqual({ step: 0, scale: 0 });
  const state = { loss: 'adacos', values: { step: 3, scale: 7.5 } };
  const after = referenceStep(adaCos(), { ...input, state }, { inspect: true });
  expect(usedScale(input, after.inspection!.logits)).toBeCloseTo(7.5, 12);
  expect(after.state).toEqual(state);
});

test.each([1, 2, 3, 4, 40])(
  'a fixed scale is √2·ln(C − 1), of %d classes; of fewer than 3 as of 3',
  (classes) => {
    const input = problem(4, classes);
    const { inspection, state } = referenceStep(adaCos({ dynamic: false }), input, { inspect: true });
    expect(usedScale(input, inspection!.logits)).toBeCloseTo(START(classes), 12);
    expect(state.values).toEqual({ step: 1 });
  },
);

test('nothing keeps s above 0: the step is that of what it came to', () => {
  const input = {
    embeddings: Float64Array.of(2, 0, 0),
    weights: Float64Array.of(1, 0, 0, -3, 0, 0),
    dim: DIM,
  };
  const { loss, state } = referenceStep(adaCos(), { ...input, labels: [0] });
  // B_avg = e^−s₀, and the median angle is 0, but for its clamp.
  const scale = -START(2) / (1 - 1e-7);
  expect(state.values.scale).toBeCloseTo(scale, 12);
  expect(loss).toBeCloseTo(Math.log1p(Math.exp(-2 * scale)), 12);
});

test('one class has nothing to move s', () => {
  const { loss, state, gradWeights } = referenceStep(adaCos(), problem(3, 1));
  expect(loss).toBe(0);
  expect(state.values.scale).toBeCloseTo(START(1), 14);
  expect(Array.from(gradWeights)).toEqual([0, 0, 0]);
});
