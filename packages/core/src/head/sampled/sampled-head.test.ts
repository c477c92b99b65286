import { describe, expect, test } from 'vitest';
import { arcFace } from '../../losses/arc-face.ts';
import { curricularFace } from '../../losses/curricular-face.ts';
import type { LossParameters } from '../../losses/loss-definition.ts';
import { createLoss } from '../../losses/registry.ts';
import { softmax } from '../../losses/softmax.ts';
import { referenceBackend } from '../../reference/reference-backend.ts';
import { referenceStep } from '../../reference/reference-step.ts';
import type { FloatArray } from '../contract.ts';
import { sampleClasses } from './sample-classes.ts';
import { type SampledHeadOptions, sampledHead } from './sampled-head.ts';
import { CLASSES, COUNTS, DIM, fill, problem } from './testing.ts';

const input = problem({ bias: undefined });
const open = (loss: Parameters<typeof sampledHead>[1], options: Partial<SampledHeadOptions>) =>
  sampledHead(referenceBackend(), loss, { seed: 3, ...options });

describe.each<[string, LossParameters]>([
  ['curricularface', { scale: 8 }],
  ['adaface', {}],
  ['softmax', { labelSmoothing: 0.1 }],
  ['sphereface2', {}],
  ['uniface', { scale: 8 }],
  ['npcface', { scale: 8 }],
  ['dynamic-arcface', { scale: 8 }],
])('%s on sampled classes', (name, parameters) => {
  const loss = createLoss(name, parameters, { classCounts: COUNTS });
  const given = problem(loss);

  test.each(['published', 'corrected'] as const)(
    'is the full head where all are drawn, %s',
    async (negatives) => {
      const head = await open(loss, { rate: 1, negatives });
      expect(await head.step(given)).toEqual(referenceStep(loss, given));
      const sampled = await open(loss, { rate: 0.3, negatives });
      const evaluated = { ...given, mode: 'eval' as const };
      expect(await sampled.step(evaluated)).toEqual(referenceStep(loss, evaluated));
    },
  );

  test.each(['published', 'corrected'] as const)(
    'touches the rows that were drawn, %s',
    async (negatives) => {
      const head = await open(loss, { count: 12, negatives });
      const { ids } = sampleClasses(given.labels, CLASSES, { count: 12, seed: 3 }, 0);
      const taken = new Map<number, Float64Array>();
      const gradientTaker = {
        take: ({ first, values }: { first: number; values: FloatArray }) => {
          for (let k = 0; k < values.length / DIM; k++) {
            expect(taken.has(first + k)).toBe(false);
            taken.set(first + k, Float64Array.from(values.subarray(k * DIM, (k + 1) * DIM)));
          }
        },
      };
      await head.step({ ...given, gradientTaker });
      expect([...taken.keys()].sort((a, b) => a - b)).toEqual([...ids]);
      const { gradWeights } = await head.step(given);
      for (let c = 0; c < CLASSES; c++) {
        const row = gradWeights.subarray(c * DIM, (c + 1) * DIM);
        expect(row).toEqual(taken.get(c) ?? new Float64Array(DIM));
      }
    },
  );
});

test('as published, the sampled classes are all there are', async () => {
  const loss = curricularFace({ scale: 8 });
  const { ids } = sampleClasses(input.labels, CLASSES, { rate: 0.5, seed: 3 }, 0);
  const head = await open(loss, { rate: 0.5 });
  const sampled = await head.step(input);
  const weights = Float64Array.from(
    [...ids].flatMap((id) => [...input.weights.slice(id * DIM, (id + 1) * DIM)]),
  );
  const alone = referenceStep(loss, {
    ...input,
    weights,
    labels: Array.from(input.labels, (label) => ids.indexOf(label)),
  });
  expect(sampled.losses).toEqual(alone.losses);
  expect(sampled.state).toEqual(alone.state);
  expect(sampled.diagnostics).toEqual(alone.diagnostics);
});

test('t is that of the full head, whatever is drawn', async () => {
  const loss = curricularFace({ scale: 8 });
  const whole = referenceStep(loss, input);
  for (const negatives of ['published', 'corrected'] as const)
    expect((await (await open(loss, { rate: 0.2, negatives })).step(input)).state).toEqual(whole.state);
});

test('corrected, each of the others counts for those it was drawn from', async () => {
  // With a bias that says the same: ln w for each of them.
  const loss = softmax();
  const bias = fill(CLASSES, 3);
  const { ids, positives } = sampleClasses(input.labels, CLASSES, { count: 14, seed: 3 }, 0);
  const weight = (CLASSES - positives.length) / (ids.length - positives.length);
  const head = await open(loss, { count: 14, negatives: 'corrected' });
  const corrected = await head.step({ ...input, bias });
  const alone = referenceStep(loss, {
    ...input,
    weights: Float64Array.from([...ids].flatMap((id) => [...input.weights.slice(id * DIM, (id + 1) * DIM)])),
    bias: Float64Array.from(ids, (id) => bias[id]! + (positives.includes(id) ? 0 : Math.log(weight))),
    labels: Array.from(input.labels, (label) => ids.indexOf(label)),
  });
  const close = (actual: ArrayLike<number>, expected: ArrayLike<number>): void =>
    expect(Array.from(actual)).toEqual(Array.from(expected, (value) => expect.closeTo(value, 12)));
  close(corrected.losses, alone.losses);
  close(corrected.gradEmbeddings, alone.gradEmbeddings);
  ids.forEach((id, place) => {
    close(
      corrected.gradWeights.subarray(id * DIM, (id + 1) * DIM),
      alone.gradWeights.subarray(place * DIM, (place + 1) * DIM),
    );
    close([corrected.gradBias![id]!], [alone.gradBias![place]!]);
  });
});

test('corrected, the mean over draws is near the full loss, and as published below it', async () => {
  const loss = arcFace({ scale: 4 });
  const whole = referenceStep(loss, input).loss;
  const mean = async (negatives: 'published' | 'corrected'): Promise<number> => {
    const head = await open(loss, { rate: 0.5, negatives });
    let sum = 0;
    for (let step = 0; step < 200; step++) {
      const state = { loss: loss.name, values: { step } };
      sum += (await head.step({ ...input, state })).loss;
    }
    return sum / 200;
  };
  expect(Math.abs((await mean('corrected')) - whole)).toBeLessThan(0.02 * whole);
  expect(await mean('published')).toBeLessThan(0.95 * whole);
});

test.each<[Record<string, unknown>, RegExp]>([
  [{}, /^rate = undefined, expected a rate or a count/],
  [{ rate: 0.1, count: 3 }, /expected a rate or a count, one of them/],
  [{ rate: 0 }, /^rate = 0/],
  [{ rate: 1.5 }, /^rate = 1\.5/],
  [{ count: 0.5 }, /^count = 0\.5/],
  [{ rate: 0.5, negatives: 'correct' }, /^negatives = "correct".*corrected/],
  [{ rat: 0.5 }, /did you mean 'rate'/],
])('%j is refused', async (options, message) => {
  await expect(open(arcFace(), options)).rejects.toThrow(message);
});

test('a label out of range is told as the full head tells it', async () => {
  const head = await open(arcFace(), { rate: 0.5 });
  await expect(head.step({ ...input, labels: [0, 1, 2, 3, 41] })).rejects.toThrow(/labels\[4\] = 41/);
});

test('labels are integers in any array: the classes that are drawn are the same', async () => {
  const head = await open(arcFace(), { count: 9 });
  const expected = await head.step(input);
  const labels = [...(input.labels as number[])];
  expect(expected.loss).not.toBe((await referenceStep(arcFace(), input)).loss);
  for (const same of [BigInt64Array.from(labels, BigInt), Float32Array.from(labels), labels.map(BigInt)])
    expect(await head.step({ ...input, labels: same as never })).toEqual(expected);
  await expect(head.step({ ...input, labels: labels.map(String) as never })).rejects.toThrow(
    /^labels\[0\] = '0', expected an integer.*\n.*buildLabelMap/s,
  );
});

test.each(['published', 'corrected'] as const)(
  'a batch that fails leaves the head as it was, %s',
  async (negatives) => {
    const head = await open(curricularFace({ scale: 8 }), { count: 14, negatives });
    const expected = await head.step(input);
    const { ids, positives } = sampleClasses(input.labels, CLASSES, { count: 14, seed: 3 }, 0);
    // In a row of one head alone: the other would wait for it.
    for (const id of [positives[0]!, ids.find((other) => !positives.includes(other))!]) {
      const weights = input.weights.slice();
      weights[id * DIM] = Number.NaN;
      await expect(head.step({ ...input, weights })).rejects.toThrow(/^weights\[\d+\] = NaN/);
      expect(await head.step(input)).toEqual(expected);
    }
  },
);
