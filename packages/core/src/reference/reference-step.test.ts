import { describe, expect, test } from 'vitest';
import { NonFiniteError, OptionOutOfRangeError, ShapeMismatchError } from '../errors/errors.ts';
import type { HeadInput } from '../head/contract.ts';
import { arcFace } from '../losses/arc-face.ts';
import { circleLoss } from '../losses/circle-loss.ts';
import { curricularFace } from '../losses/curricular-face.ts';
import type { LossParameters } from '../losses/loss-definition.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { mvAmSoftmax } from '../losses/mv-softmax.ts';
import { normFace } from '../losses/norm-face.ts';
import { createLoss, LOSS_NAMES } from '../losses/registry.ts';
import { softmax } from '../losses/softmax.ts';
import { keyedNormal } from '../random/margin-draws.ts';
import { initialState } from '../state/loss-state.ts';
import { accumulatedStep } from './accumulated-step.ts';
import { referenceBackend } from './reference-backend.ts';
import { referenceStep } from './reference-step.ts';

const BATCH = 10;
const CLASSES = 7;
const DIM = 4;
const COUNTS = [3, 8, 1, 100, 20, 5, 2];

const fill = (count: number, seed: number, size = 1): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => size * keyedNormal(seed, 0, i));

function problem(loss: MarginLoss): HeadInput {
  return {
    embeddings: fill(BATCH * DIM, 1, loss.geometry === 'cosine' ? 8 : 1),
    weights: fill(CLASSES * DIM, 2),
    labels: Array.from({ length: BATCH }, (_, i) => (3 * i) % CLASSES),
    dim: DIM,
    sampleWeights: Array.from({ length: BATCH }, (_, i) => 0.5 + (i % 3)),
    ...(loss.bias ? { bias: fill(loss.bias.of === 'all classes' ? 1 : CLASSES, 3) } : {}),
  };
}

/** The batch in micro-batches that end at the given samples; `extra` gives what each sample has beside. */
function split(input: HeadInput, ends: readonly number[], keys?: readonly number[]): HeadInput[] {
  return ends.map((to, index) => {
    const from = ends[index - 1] ?? 0;
    return {
      ...input,
      embeddings: input.embeddings.subarray(from * DIM, to * DIM),
      labels: Array.from(input.labels).slice(from, to),
      sampleWeights: Array.from(input.sampleWeights!).slice(from, to),
      ...(keys === undefined ? {} : { sampleKeys: keys.slice(from, to) }),
    };
  });
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const size = Math.max(1, ...Array.from(expected, Math.abs));
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-12 * size);
  }
}

const LOSSES: readonly (readonly [string, LossParameters])[] = [
  ...LOSS_NAMES.map((name) => [name, {}] as const),
  ['curricularface', { alpha: 'paper' }],
  ['adaface', { tAlpha: 1 }],
  ['elastic-arcface', { plus: 'released', seed: 4 }],
  ['elastic-cosface', { plus: 'paper', seed: 4 }],
  ['ohem', { keepRatio: 0.3, base: { loss: 'curricularface' } }],
  ['self-paced', { pace: 12, base: { loss: 'adaface' } }],
  ['ohem', { keepRatio: 0.3, base: { loss: 'sphereface2', params: { gradient: 'exact' } } }],
  ['focal', { base: { loss: 'bce-face' }, gamma: 1 }],
  ['npcface', { labelSmoothing: 0.1 }],
  ['ohem', { labelSmoothing: 0.2, base: { loss: 'dynamic-arcface' } }],
];

describe('micro-batches are one batch, to 1e-12', () => {
  test.each(LOSSES)('%s %j', (name, parameters) => {
    const loss = createLoss(name, parameters, { classCounts: COUNTS });
    const input = problem(loss);
    const keys = Array.from({ length: BATCH }, (_, i) => 1000 + 7 * i);
    for (const given of [undefined, keys]) {
      const whole = referenceStep(loss, given === undefined ? input : { ...input, sampleKeys: given }, {
        inspect: true,
      });
      for (const ends of [[4, 10], [1, 2, 9, 10], [10]]) {
        const parts = accumulatedStep(loss, split(input, ends, given), { inspect: true, tileSize: 3 });
        expectClose([parts.loss, parts.regulariser], [whole.loss, whole.regulariser]);
        expectClose(parts.gradWeights, whole.gradWeights);
        expectClose(parts.gradBias ?? [], whole.gradBias ?? []);
        const joined = (of: (output: (typeof parts.outputs)[number]) => ArrayLike<number>): number[] =>
          parts.outputs.flatMap((output) => Array.from(of(output)));
        expectClose(
          joined(({ losses }) => losses),
          whole.losses,
        );
        expectClose(
          joined(({ gradEmbeddings }) => gradEmbeddings),
          whole.gradEmbeddings,
        );
        expectClose(
          joined(({ inspection }) => inspection!.logits),
          whole.inspection!.logits,
        );
        expectClose(
          joined(({ inspection }) => inspection!.gradLogits),
          whole.inspection!.gradLogits,
        );
        // t, the pace, λ and the statistics have moved once.
        expect(parts.state).toEqual(whole.state);
        expect(parts.diagnostics).toEqual(whole.diagnostics);
      }
    }
  });

  test('t moves once, by the mean over all', () => {
    const loss = curricularFace({ alpha: 0.5, tInitial: 0.2 });
    const { state, diagnostics } = accumulatedStep(loss, split(problem(loss), [3, 4, 10]));
    expect(state.values.t).toBeCloseTo(0.5 * diagnostics.meanTargetCosine! + 0.1, 14);
  });

  test('micro-batches that share no step are refused', () => {
    const loss = curricularFace();
    const [first, second] = split(problem(loss), [5, 10]) as [HeadInput, HeadInput];
    const others: readonly [string, Partial<HeadInput>][] = [
      ['weights', { weights: fill(CLASSES * DIM, 9) }],
      ['state', { state: initialState(loss) }],
      ['mode', { mode: 'eval' }],
      ['dim', { dim: 2 }],
    ];
    for (const [name, change] of others) {
      const run = (): unknown => accumulatedStep(loss, [first, { ...second, ...change }]);
      expect(run).toThrow(ShapeMismatchError);
      expect(run).toThrow(new RegExp(`^another ${name} in micro-batch 1`));
    }
    expect(() => accumulatedStep(loss, [])).toThrow(/^0 micro-batches/);
  });

  test('a bad label in the second is found', () => {
    const loss = curricularFace();
    const [first, second] = split(problem(loss), [5, 10]) as [HeadInput, HeadInput];
    expect(() => accumulatedStep(loss, [first, { ...second, labels: [0, 1, 2, 3, 7] }])).toThrow(
      /^labels\[4\] = 7/,
    );
  });
});

/** x_i at given angles in a plane, scale 1: cosines are cosines of differences. */
const degrees = (...angles: number[]): Float64Array =>
  Float64Array.from(
    angles.flatMap((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]),
  );

describe('diagnostics of a batch worked out by hand', () => {
  // w at 0°, 80° and 200°. x_0 at 10° (own 0°), x_1 at 30° (own 200°).
  const input: HeadInput = {
    embeddings: degrees(10, 30),
    weights: degrees(0, 80, 200),
    labels: [0, 2],
    dim: 2,
  };
  const cos = (angle: number): number => Math.cos((angle * Math.PI) / 180);

  test('CurricularFace', () => {
    const t = 0.3;
    const { diagnostics } = referenceStep(
      curricularFace({ alpha: 0, tInitial: t, margin: Math.PI / 6 }),
      input,
    );
    // x_0: pivot cos 40° = 0.77, negatives cos 70° = 0.34 and cos 190° = −0.98: none is hard.
    // x_1: θ = 170°, past 150°; pivot cos 200° = −0.94, negatives cos 30° and cos 50°: both are.
    expect(diagnostics.hardShare).toBe(2 / 4);
    expect(diagnostics.pastPiShare).toBe(1 / 2);
    // t + c > 1: 0.3 + 0.866 is, 0.3 + 0.643 is not.
    expect(diagnostics.emphasisedShare).toBe(1 / 2);
    expect(diagnostics.minModulation).toBeCloseTo(t + 2 * cos(50), 14);
    expect(diagnostics.maxModulation).toBeCloseTo(t + 2 * cos(30), 14);
    expect(diagnostics.meanTargetCosine).toBeCloseTo((cos(10) + cos(170)) / 2, 14);
    expect(diagnostics.t).toBe(t);
  });

  test('a logit raised from below 0 is not emphasised: the weight is what counts', () => {
    // Both negatives of x are hard, past π at a pivot of cos 205°: cos 110° = −0.34 becomes −0.34·(0.3 − 0.34) = 0.01.
    const alone = { embeddings: degrees(0), weights: degrees(175, 110, -20), labels: [0], dim: 2 };
    const counted = (t: number): number | null =>
      referenceStep(curricularFace({ alpha: 0, tInitial: t, margin: Math.PI / 6 }), alone).diagnostics
        .emphasisedShare;
    expect([0, 0.3, 1].map(counted)).toEqual([0, 1 / 2, 1 / 2]);
    // Circle loss: a weight of cos θ_j + m above 1.
    const circle = (margin: number): number | null =>
      referenceStep(circleLoss({ margin }), alone).diagnostics.emphasisedShare;
    expect([0.05, 0.1, 1.4].map(circle)).toEqual([0, 1 / 2, 1]);
  });

  test('MV-AM-Softmax has slope t on its hard negatives and no t that moves', () => {
    const { diagnostics } = referenceStep(mvAmSoftmax({ t: 1.2 }), input);
    expect(diagnostics).toMatchObject({
      t: null,
      minModulation: 1.2,
      maxModulation: 1.2,
      hardShare: 2 / 4,
      emphasisedShare: 1,
      pastPiShare: 0,
    });
  });

  test('what is not defined is null: softmax, and one class', () => {
    const biased = { ...input, bias: new Float64Array(3) };
    expect(Object.values(referenceStep(softmax(), biased).diagnostics).every((value) => value === null)).toBe(
      true,
    );
    const alone = referenceStep(arcFace(), { ...input, weights: degrees(0), labels: [0, 0] });
    expect(alone.diagnostics).toMatchObject({ hardShare: null, emphasisedShare: null, minModulation: null });
  });
});

describe('inspection', () => {
  test('logits and their gradients by hand', () => {
    const { inspection, losses } = referenceStep(
      normFace({ scale: 2 }),
      { embeddings: degrees(0), weights: degrees(60, 90, 180), labels: [1], dim: 2 },
      { inspect: true, tileSize: 2 },
    );
    const logits = [1, 0, -2];
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    expectClose(inspection!.logits, logits);
    expectClose(
      inspection!.gradLogits,
      logits.map((z, j) => Math.exp(z) / total - (j === 1 ? 1 : 0)),
    );
    expectClose(losses, [Math.log(total)]);
  });

  test('only where it is asked for', () => {
    const loss = arcFace();
    expect(referenceStep(loss, problem(loss)).inspection).toBeUndefined();
  });
});

describe('what a head takes', () => {
  test('float32 arrays give what the same numbers give in float64', () => {
    for (const name of LOSS_NAMES) {
      const loss = createLoss(name, {}, { classCounts: COUNTS });
      const input = problem(loss);
      const { bias } = input;
      const narrow: HeadInput = {
        ...input,
        embeddings: Float32Array.from(input.embeddings),
        weights: Float32Array.from(input.weights),
        ...(bias === undefined ? {} : { bias: Float32Array.from(bias) }),
      };
      const wide: HeadInput = {
        ...narrow,
        embeddings: Float64Array.from(narrow.embeddings),
        weights: Float64Array.from(narrow.weights),
        ...(narrow.bias === undefined ? {} : { bias: Float64Array.from(narrow.bias) }),
      };
      expect(referenceStep(loss, narrow)).toEqual(referenceStep(loss, wide));
    }
  });

  test('inputs are left as they were', () => {
    const loss = curricularFace();
    const input = problem(loss);
    const before = structuredClone(input);
    referenceStep(loss, input);
    expect(input).toEqual(before);
  });

  test('checkFinite: false skips the check of the input; what comes of it is still named', () => {
    const loss = arcFace();
    const input = problem(loss);
    const embeddings = Float64Array.from(input.embeddings);
    embeddings[2] = Number.NaN;
    expect(() => referenceStep(loss, { ...input, embeddings })).toThrow(NonFiniteError);
    expect(() => referenceStep(loss, { ...input, embeddings })).toThrow(/^embeddings\[2\] = NaN/);
    expect(() => referenceStep(loss, { ...input, embeddings }, { checkFinite: false })).toThrow(/^logits\[/);
    expect(() => referenceStep(loss, { ...input, labels: [] }, { checkFinite: false })).toThrow(
      ShapeMismatchError,
    );
  });

  test.each([0, -1, 1.5, Number.NaN])('a tile of %d classes is refused', (tileSize) => {
    const loss = arcFace();
    expect(() => referenceStep(loss, problem(loss), { tileSize })).toThrow(OptionOutOfRangeError);
    expect(() => referenceStep(loss, problem(loss), { tileSize })).toThrow(/^tileSize = /);
  });

  test('draws for a loss that draws none are refused', () => {
    const loss = arcFace();
    expect(() => referenceStep(loss, { ...problem(loss), draws: new Float64Array(BATCH) })).toThrow();
  });
});

test('the backend is the step, by name', async () => {
  const backend = referenceBackend();
  expect(backend).toMatchObject({ name: 'reference', precision: 'float64' });
  const loss = curricularFace();
  const head = await backend.createHead(loss, { inspect: true });
  expect(head.loss).toBe(loss);
  expect(await head.step(problem(loss))).toEqual(referenceStep(loss, problem(loss), { inspect: true }));
  await expect(head.step({ ...problem(loss), labels: [] })).rejects.toThrow(ShapeMismatchError);
  head.dispose();
  await backend.dispose();
});
