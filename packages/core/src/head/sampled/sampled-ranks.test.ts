import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InProcessRanks } from '../../communicator/in-process-ranks.ts';
import type { LossParameters } from '../../losses/loss-definition.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { createLoss } from '../../losses/registry.ts';
import { referenceBackend } from '../../reference/reference-backend.ts';
import { referenceStep } from '../../reference/reference-step.ts';
import type { FloatArray, GradientRows, GradientTaker, HeadInput, HeadOutput } from '../contract.ts';
import { NO_TARGET } from '../phases/target-points.ts';
import { sampleClasses } from './sample-classes.ts';
import { type SampledHeadOptions, sampledHead } from './sampled-head.ts';
import { CLASSES, COUNTS, DIM, problem } from './testing.ts';

/** Where the classes of each rank end. */
const cutsOf = (size: number, turn: number): readonly number[] => {
  const inner = Array.from({ length: size - 1 }, (_, k) => ((k + 1) * 17 + turn) % (CLASSES + 1));
  return [...inner.sort((a, b) => a - b), CLASSES];
};

type Options = Partial<SampledHeadOptions>;

/** One step on each rank. @param takerOf of a rank, whose first class is given */
async function onRanks(
  loss: MarginLoss,
  input: HeadInput,
  cuts: readonly number[],
  options: Options,
  takerOf?: (from: number) => GradientTaker,
): Promise<readonly HeadOutput[]> {
  const { subCenters = 1 } = options;
  const ranks = new InProcessRanks(cuts.length);
  const step = async (to: number, rank: number): Promise<HeadOutput> => {
    const from = cuts[rank - 1] ?? 0;
    const communicator = ranks.communicator(rank);
    const given = { seed: 3, ...options, communicator, firstClass: from };
    const head = await sampledHead(referenceBackend(), loss, given);
    const width = subCenters * DIM;
    return head.step({
      ...input,
      weights: input.weights.slice(from * width, to * width),
      labels: Array.from(input.labels, (label) => (label >= from && label < to ? label - from : NO_TARGET)),
      ...(loss.bias?.of === 'each class' ? { bias: input.bias!.slice(from, to) } : {}),
      gradientTaker: takerOf?.(from),
    });
  };
  const failing = (to: number, rank: number): Promise<HeadOutput> =>
    step(to, rank).catch((error: unknown) => {
      ranks.fail(error);
      throw error;
    });
  return Promise.all(cuts.map(failing));
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, slack = 1e-12): void {
  expect(actual).toHaveLength(expected.length);
  const size = Math.max(1, ...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThanOrEqual(slack * size);
}

const joined = (parts: readonly (FloatArray | undefined)[]): number[] =>
  parts.flatMap((part) => Array.from(part!));

/** The ranks are one head. */
function expectWhole(loss: MarginLoss, outputs: readonly HeadOutput[], whole: HeadOutput): void {
  for (const output of outputs) {
    for (const name of ['loss', 'losses', 'state', 'gradEmbeddings', 'diagnostics'] as const)
      expect(output[name]).toEqual(outputs[0]![name]);
    expectClose([output.loss], [whole.loss]);
    expectClose(output.losses, whole.losses);
    expectClose(output.gradEmbeddings, whole.gradEmbeddings);
    expectClose(Object.values(output.state.values), Object.values(whole.state.values));
    for (const [name, values] of Object.entries(whole.state.classValues ?? {}))
      expectClose(output.state.classValues![name]!, values);
    const { hardShare } = whole.diagnostics;
    if (hardShare !== null) expectClose([output.diagnostics.hardShare!], [hardShare]);
    if (loss.bias?.of === 'all classes') expectClose(output.gradBias!, whole.gradBias!);
  }
  expectClose(joined(outputs.map((output) => output.gradWeights)), whole.gradWeights);
  if (loss.bias?.of === 'each class')
    expectClose(joined(outputs.map((output) => output.gradBias)), whole.gradBias!);
}

const alone = async (loss: MarginLoss, input: HeadInput, options: Options): Promise<HeadOutput> =>
  (await sampledHead(referenceBackend(), loss, { seed: 3, ...options })).step(input);

describe.each<[string, LossParameters]>([
  ['curricularface', { scale: 8 }],
  ['adaface', {}],
  ['softmax', { labelSmoothing: 0.1 }],
  ['sphereface2', {}],
  ['uniface', { scale: 8 }],
  ['npcface', { scale: 8 }],
  ['adacos', {}],
  ['dynamic-arcface', { scale: 8 }],
])('%s on sampled classes of 1 to 5 ranks', (name, parameters) => {
  const loss = createLoss(name, parameters, { classCounts: COUNTS });
  const drawnRanks = fc.record({
    cuts: fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.nat({ max: CLASSES }))
      .map(([size, turn]) => cutsOf(size, turn)),
    negatives: fc.constantFrom('published', 'corrected'),
    subCenters: fc.constantFrom(1, 2),
  });

  test('is the full head where all are drawn, and in evaluation', async () => {
    await fc.assert(
      fc.asyncProperty(drawnRanks, async ({ cuts, ...options }) => {
        const { subCenters } = options;
        const input = problem(loss, subCenters);
        const whole = referenceStep(loss, input, { subCenters });
        const outputs = await onRanks(loss, input, cuts, { ...options, rate: 1 });
        expectWhole(loss, outputs, whole);
        if (cuts.length === 1) expect(outputs).toEqual([whole]);
        const evaluated = { ...input, mode: 'eval' as const };
        const ofRanks = await onRanks(loss, evaluated, cuts, { ...options, rate: 0.3 });
        expectWhole(loss, ofRanks, referenceStep(loss, evaluated, { subCenters }));
      }),
      { numRuns: 10 },
    );
  });

  test('is the sampled head of one, with the same bits of state and loss on all', async () => {
    await fc.assert(
      fc.asyncProperty(drawnRanks, fc.integer({ min: 1, max: 40 }), async ({ cuts, ...options }, count) => {
        const input = problem(loss, options.subCenters);
        const whole = await alone(loss, input, { ...options, count });
        const outputs = await onRanks(loss, input, cuts, { ...options, count });
        expectWhole(loss, outputs, whole);
        if (cuts.length === 1) expect(outputs).toEqual([whole]);
      }),
      { numRuns: 25 },
    );
  });

  test('hands over the rows that were drawn, once each, after the norm of all', async () => {
    await fc.assert(
      fc.asyncProperty(drawnRanks, async ({ cuts, ...options }) => {
        const input = problem(loss, options.subCenters);
        const width = DIM * options.subCenters;
        const { ids } = sampleClasses(input.labels, CLASSES, { count: 12, seed: 3 }, 0);
        const whole = await alone(loss, input, { ...options, count: 12 });
        const taken = new Map<number, Float64Array>();
        const norms: number[] = [];
        const takerOf = (from: number): GradientTaker => ({
          begin: (norm) => void norms.push(norm),
          take({ first, values }: GradientRows) {
            for (let k = 0; k < values.length / DIM; k++) {
              const row = from * options.subCenters + first + k;
              expect(taken.has(row)).toBe(false);
              taken.set(row, Float64Array.from(values.subarray(k * DIM, (k + 1) * DIM)));
            }
          },
        });
        await onRanks(loss, input, cuts, { ...options, count: 12 }, takerOf);
        const rows = Array.from(ids).flatMap((id) =>
          Array.from({ length: options.subCenters }, (_, k) => id * options.subCenters + k),
        );
        expect([...taken.keys()].sort((a, b) => a - b)).toEqual(rows);
        for (const [row, values] of taken)
          expectClose(values, whole.gradWeights.subarray(row * DIM, (row + 1) * DIM));
        expectClose(
          norms,
          cuts.map(() => Math.hypot(...whole.gradWeights)),
        );
        for (let c = 0; c < CLASSES; c++)
          if (!ids.includes(c))
            expect(whole.gradWeights.subarray(c * width, (c + 1) * width)).toEqual(new Float64Array(width));
      }),
      { numRuns: 10 },
    );
  });
});

test('as published, the classes that were drawn are a full head of all there are', async () => {
  const loss = createLoss('curricularface', { scale: 8 });
  const input = problem(loss);
  const { ids } = sampleClasses(input.labels, CLASSES, { rate: 0.5, seed: 3 }, 0);
  const rowsOf = (values: FloatArray): Float64Array =>
    Float64Array.from(Array.from(ids).flatMap((id) => [...values.slice(id * DIM, (id + 1) * DIM)]));
  const union = referenceStep(loss, {
    ...input,
    weights: rowsOf(input.weights),
    labels: Array.from(input.labels, (label) => ids.indexOf(label)),
  });
  const outputs = await onRanks(loss, input, [9, 9, 25, 41], { rate: 0.5 });
  for (const output of outputs) {
    expectClose(output.losses, union.losses);
    expectClose(output.gradEmbeddings, union.gradEmbeddings);
    expect(output.state.values).toEqual(referenceStep(loss, input).state.values);
  }
  const gradient = Float64Array.from(joined(outputs.map((output) => output.gradWeights)));
  expectClose(rowsOf(gradient), union.gradWeights);
});

test('a rank that fails ends the step on all', async () => {
  const loss = createLoss('curricularface', { scale: 8 });
  const input = problem(loss);
  const weights = input.weights.slice();
  weights[40 * DIM] = Number.NaN;
  for (const negatives of ['published', 'corrected'] as const)
    await expect(onRanks(loss, { ...input, weights }, [20, 41], { rate: 0.4, negatives })).rejects.toThrow(
      /^weights\[\d+\] = NaN/,
    );
});

test('ranks say where their classes begin, and each sample has its class on one', async () => {
  const loss = createLoss('arcface');
  const input = problem(loss);
  const open = (firstClass: number | undefined) =>
    sampledHead(referenceBackend(), loss, {
      seed: 3,
      rate: 0.5,
      communicator: new InProcessRanks(1).communicator(0),
      firstClass,
    });
  await expect(open(undefined).then((head) => head.step(input))).rejects.toThrow(/^firstClass = undefined/);
  await expect(open(2).then((head) => head.step(input))).rejects.toThrow(/^firstClass = 2, .*≤ 0/);
  await expect(open(0).then((head) => head.step({ ...input, labels: [0, 1, -1, 3, 4] }))).rejects.toThrow(
    /the class of sample 2 on 0 shards/,
  );
});
