import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import type { HeadInput } from '../head/contract.ts';
import { keyedNormal } from '../random/margin-draws.ts';
import { batchOps, scalarsOf } from '../readings/batch.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { curricularFace } from './curricular-face.ts';
import { normFace } from './norm-face.ts';
import { npcFace } from './npc-face.ts';
import { createLoss } from './registry.ts';
import { smoothed } from './smoothed.ts';
import { softmax } from './softmax.ts';
import { sphereFace } from './sphere-face.ts';
import { sphereFace2 } from './sphere-face-2.ts';
import { uniFace } from './uni-face.ts';
import { focal, ohem, selfPaced } from './weighted.ts';

const [BATCH, CLASSES, DIM, EPSILON] = [6, 5, 3, 0.15];
const input: HeadInput = {
  embeddings: Float64Array.from({ length: BATCH * DIM }, (_, i) => keyedNormal(1, 0, i)),
  weights: Float64Array.from({ length: CLASSES * DIM }, (_, i) => keyedNormal(2, 0, i)),
  labels: [0, 1, 2, 3, 4, 1],
  dim: DIM,
  sampleWeights: [1, 2, 0.5, 1, 1, 0],
};

test('ε = 0 is the loss itself', () => {
  const loss = focal(normFace());
  expect(smoothed(loss, 0)).toBe(loss);
  expect(createLoss('arcface', { labelSmoothing: 0 }).objective).toBe(normFace().objective);
});

describe.each([
  ['uniform', (loss: ReturnType<typeof normFace>) => loss],
  ['focal', (loss: ReturnType<typeof normFace>) => focal(loss, { gamma: 1.5 })],
  ['ohem', (loss: ReturnType<typeof normFace>) => ohem(loss, { keepRatio: 0.5 })],
  [
    'self-paced',
    (loss: ReturnType<typeof normFace>) => selfPaced(loss, { pace: 2.5, regulariser: 'linear' }),
  ],
])('the spread target by brute force, weighting %s', (_, weigh) => {
  test.each([
    ['normface', normFace({ scale: 3 }), {}],
    ['curricularface', curricularFace({ scale: 4 }), {}],
    ['npcface', npcFace({ scale: 4 }), {}],
    ['softmax', softmax(), { bias: Float64Array.of(0.1, -0.4, 0, 0.3, 0.2) }],
    ['sphereface', sphereFace(), {}],
  ])('%s', (_name, plain, extra) => {
    const loss = smoothed(weigh(plain), EPSILON);
    const output = referenceStep(loss, { ...input, ...extra }, { inspect: true, tileSize: 2 });
    const { logits, gradLogits } = output.inspection!;
    const rows = Array.from({ length: BATCH }, (_, i) =>
      Array.from(logits).slice(i * CLASSES, (i + 1) * CLASSES),
    );
    const targets = rows.map((row, i) =>
      row.map((_, j) => EPSILON / CLASSES + (j === input.labels[i] ? 1 - EPSILON : 0)),
    );
    const probabilities = rows.map((row) => {
      const total = row.reduce((sum, z) => sum + Math.exp(z), 0);
      return row.map((z) => Math.exp(z) / total);
    });
    const nll = Float64Array.from(probabilities, (row, i) =>
      row.reduce((sum, p, j) => sum - targets[i]![j]! * Math.log(p), 0),
    );
    const { weighting, initialValues } = loss;
    const own = Object.fromEntries(
      Object.keys(weighting.initialValues).map((name) => [name, initialValues[name]!]),
    );
    const sampleWeights = Float64Array.from(input.sampleWeights!);
    const expected = weighting.reduce(batchOps, { nll, sampleWeights }, scalarsOf(own), 'train');
    expect(output.loss).toBeCloseTo(expected.loss[0]!, 12);
    expect(new Set(Array.from(expected.dNll, (slope) => slope.toFixed(9))).size).toBeGreaterThan(2);
    for (let i = 0; i < BATCH; i++) {
      expect(output.losses[i]).toBeCloseTo(expected.losses[i]!, 12);
      for (let j = 0; j < CLASSES; j++) {
        const slope = expected.dNll[i]! * (probabilities[i]![j]! - targets[i]![j]!);
        expect(gradLogits[i * CLASSES + j]).toBeCloseTo(slope, 12);
      }
    }
  });
});

test('smoothed above or below a weighting is the same', () => {
  const above = smoothed(focal(normFace()), EPSILON);
  const below = focal(smoothed(normFace(), EPSILON));
  expect([above.name, below.name]).toEqual(['smoothed(focal(normface))', 'focal(smoothed(normface))']);
  expect(referenceStep(above, input).losses).toEqual(referenceStep(below, input).losses);
});

describe('refused', () => {
  test.each([-Number.MIN_VALUE, 1, 2, Number.NaN, Number.POSITIVE_INFINITY, '0.1'])('ε = %s', (epsilon) => {
    const run = (): unknown => smoothed(normFace(), epsilon as number);
    expect(run).toThrow(OptionOutOfRangeError);
    expect(run).toThrow(/^labelSmoothing = .*0 ≤ labelSmoothing < 1/);
  });

  test('on a binary objective, and twice', () => {
    for (const loss of [sphereFace2(), uniFace()])
      expect(() => smoothed(loss, 0.1)).toThrow(
        /^labelSmoothing = 0.1, .*share no probability.*leave it out/s,
      );
    expect(() => smoothed(focal(smoothed(normFace(), 0.1)), 0.2)).toThrow(/smooth once/);
    expect(() => createLoss('bce-face', { labelSmoothing: 0.1 })).toThrow(/share no probability/);
  });
});
