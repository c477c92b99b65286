import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError, ShapeMismatchError } from '../../errors/errors.ts';
import { createLoss, LOSS_NAMES } from '../../losses/registry.ts';
import { softmax } from '../../losses/softmax.ts';
import { keyedNormal } from '../../random/margin-draws.ts';
import { accumulatedStep } from '../../reference/accumulated-step.ts';
import { referenceStep } from '../../reference/reference-step.ts';
import type { HeadInput } from '../contract.ts';
import { NO_TARGET, targetPoints } from './target-points.ts';
import { plainRows, unitRows } from './unit-rows.ts';

const [BATCH, CLASSES, K, DIM] = [8, 5, 3, 3];
const COUNTS = [3, 8, 1, 100, 20];
const fill = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => keyedNormal(seed, 0, i));

describe('target points', () => {
  // Class 0 at 0°, 90° and 180°; class 1 twice at the same 90°, and at 0°, of other lengths.
  const weights = Float64Array.of(1, 0, 0, 2, -3, 0, 0, 1, 0, 5, 1, 0);
  const x = unitRows(Float64Array.of(0.6, 0.8, 0.6, 0.8, -2, 0.1, 1, 1), 2, 0, 4);
  const labels = Int32Array.of(0, 1, 0, NO_TARGET);

  test('are those of the nearest, its length aside; of equal ones of the first', () => {
    const points = targetPoints({
      loss: createLoss('arcface'),
      x,
      weights,
      bias: undefined,
      labels,
      subCenters: 3,
    });
    expect(Array.from(points.rows)).toEqual([1, 3, 2, NO_TARGET]);
    expect(points.cos[0]).toBeCloseTo(0.8, 15);
    expect(points.cos[1]).toBeCloseTo(0.8, 15);
    expect(points.cos[2]).toBeCloseTo(2 / Math.hypot(2, 0.1), 15);
    expect(Array.from(points.inverseW)).toEqual([0.5, 1, 1 / 3, 0]);
    const alone = targetPoints({
      loss: createLoss('arcface'),
      x,
      weights,
      bias: undefined,
      labels: Int32Array.of(1, 3, 2, NO_TARGET),
    });
    for (const name of ['cos', 'sin', 'tangentX', 'tangentW', 'inverseW'] as const)
      expect(points[name]).toEqual(alone[name]);
  });

  test('on inner products, the largest of them, with the bias of the class', () => {
    const points = targetPoints({
      loss: softmax(),
      x: plainRows(Float64Array.of(0.6, 0.8), 2, 0, 1),
      weights,
      bias: Float64Array.of(0, 0.25),
      labels: Int32Array.of(1),
      subCenters: 3,
    });
    expect(points.rows[0]).toBe(4);
    expect(points.cos[0]).toBe(4.25);
  });
});

test('the cosine with a class is the largest of its K, and all other rows have no gradient', () => {
  const loss = createLoss('normface', { scale: 4 });
  const input = problem(loss);
  const rows = Array.from({ length: BATCH * CLASSES * K }, (_, i) => i);
  const each = referenceStep(loss, { ...input, labels: input.labels }, { inspect: true });
  const { inspection, gradWeights } = referenceStep(loss, input, {
    inspect: true,
    subCenters: K,
    tileSize: 2,
  });
  const winners = new Set<number>();
  for (const at of rows.filter((i) => i % K === 0)) {
    const logits = each.inspection!.logits.slice(at, at + K);
    expect(inspection!.logits[at / K]).toBeCloseTo(Math.max(...logits), 12);
    winners.add((at % (CLASSES * K)) + logits.indexOf(Math.max(...logits)));
  }
  for (let row = 0; row < CLASSES * K; row++) {
    const norm = Math.hypot(...gradWeights.slice(row * DIM, (row + 1) * DIM));
    expect(norm > 0).toBe(winners.has(row));
  }
  expect(winners.size).toBeLessThan(CLASSES * K);
});

/** A problem with K rows a class. */
function problem(loss: ReturnType<typeof createLoss>): HeadInput {
  return {
    embeddings: fill(BATCH * DIM, 1),
    weights: fill(CLASSES * K * DIM, 2),
    labels: Array.from({ length: BATCH }, (_, i) => (2 * i) % CLASSES),
    dim: DIM,
    ...(loss.bias ? { bias: fill(loss.bias.of === 'all classes' ? 1 : CLASSES, 3) } : {}),
  };
}

describe.each(LOSS_NAMES)('%s', (name) => {
  const loss = createLoss(name, {}, { classCounts: COUNTS });
  const input = problem(loss);
  const whole = referenceStep(loss, input, { subCenters: K, inspect: true });

  test('K equal rows are one: the first has the gradient', () => {
    const single = fill(CLASSES * DIM, 2);
    const same = Float64Array.from(
      { length: CLASSES * K * DIM },
      (_, at) => single[Math.floor(at / (K * DIM)) * DIM + (at % DIM)]!,
    );
    const one = referenceStep(loss, { ...input, weights: single });
    const many = referenceStep(loss, { ...input, weights: same }, { subCenters: K, tileSize: 2 });
    expect(many.losses).toEqual(one.losses);
    expect(many.state).toEqual(one.state);
    for (let c = 0; c < CLASSES; c++) {
      const rows = many.gradWeights.slice(c * K * DIM, (c + 1) * K * DIM);
      for (let k = 0; k < DIM; k++) expect(rows[k]).toBeCloseTo(one.gradWeights[c * DIM + k]!, 12);
      expect(rows.slice(DIM).every((value) => value === 0)).toBe(true);
    }
  });

  test('micro-batches are one batch', () => {
    const parts = [
      [0, 3],
      [3, BATCH],
    ].map(([from, to]) => ({
      ...input,
      embeddings: input.embeddings.slice(from! * DIM, to! * DIM),
      labels: Array.from(input.labels).slice(from, to),
    }));
    const { outputs, ...shared } = accumulatedStep(loss, parts, { subCenters: K, inspect: true });
    expect(shared.state).toEqual(whole.state);
    expect(shared.gradWeights).toEqual(whole.gradWeights);
    const joined = (of: (output: (typeof outputs)[number]) => ArrayLike<number>): number[] =>
      outputs.flatMap((output) => Array.from(of(output)));
    expect(joined(({ losses }) => losses)).toEqual(Array.from(whole.losses));
    expect(joined(({ inspection }) => inspection!.logits)).toEqual(Array.from(whole.inspection!.logits));
    expect(joined(({ inspection }) => inspection!.gradLogits)).toEqual(
      Array.from(whole.inspection!.gradLogits),
    );
    const third = parts.map((part) => ({ ...part, labels: part.labels.map(() => CLASSES) }));
    expect(() => accumulatedStep(loss, third, { subCenters: K })).toThrow(
      new RegExp(`^labels\\[0\\] = ${CLASSES}`),
    );
  });
});

test('K is an integer ≥ 1 that divides the rows', () => {
  const loss = createLoss('arcface');
  const input = problem(loss);
  for (const subCenters of [0, -1, 1.5, Number.NaN]) {
    expect(() => referenceStep(loss, input, { subCenters })).toThrow(OptionOutOfRangeError);
    expect(() => referenceStep(loss, input, { subCenters })).toThrow(/^subCenters = /);
  }
  expect(() => referenceStep(loss, input, { subCenters: 4 })).toThrow(ShapeMismatchError);
  expect(() => referenceStep(loss, input, { subCenters: 4 })).toThrow(/\[classes · 4, 3\], a multiple of 12/);
});
