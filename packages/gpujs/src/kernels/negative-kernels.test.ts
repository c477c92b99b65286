import {
  binaryTerms,
  createLoss,
  emphasisedMask,
  LOSS_NAMES,
  type MarginLoss,
  marginLoss,
  negativeTerms,
  numberOps,
  type PreparedBatch,
  smoothed,
  sphereFace2,
} from '@cf/core';
import fc from 'fast-check';
import { GPU } from 'gpu.js';
import { afterAll, describe, expect, test } from 'vitest';
import { matrixInput } from '../matrix-input.ts';
import { sampleMatrix } from '../samples.ts';
import { KernelSet } from './kernel-set.ts';
import { negativeKernels } from './negative-kernels.ts';

const CLASSES = 6;
/** The last chunk is shorter. */
const CHUNK_OF_TEST = 4;
const modes = ['cpu', 'webasm'] as const;
const gpus = new Map(modes.map((mode) => [mode, new GPU({ mode })]));
afterAll(() => Promise.all([...gpus.values()].map((gpu) => gpu.destroy())));

/** Names of sample values that are no identifiers, or are names that the kernels use themselves. */
const awkward: MarginLoss = {
  ...marginLoss({ name: 'awkward', scale: 3 }),
  sampleValueNames: ['unused', 'cos', 'v0', 'a-b'],
  negative: (ops, cos, pivot, sample) => {
    const near = ops.and(ops.greater(cos, pivot), ops.not(ops.greater(cos, sample.cos!)));
    const curved = ops.log1p(ops.abs(ops.expm1(ops.mul(sample.v0!, ops.sub(cos, ops.neg(sample['a-b']!))))));
    return {
      value: ops.select(near, ops.constant(-0.25), ops.min(curved, ops.constant(1.5))),
      dCos: ops.select(near, ops.constant(0), ops.constant(2)),
    };
  },
};
const losses = [
  ...LOSS_NAMES.map((name) => createLoss(name, {}, { classCounts: [1, 2, 3] })),
  sphereFace2({ t: 2.5 }),
  smoothed(createLoss('npcface'), 0.1),
  awkward,
];
/** [shift, factor, share] of the sample's gradient, with the shift found in the test. */
const FACTOR = 0.5;
const SHARE = 0.125;
const BIAS = Float32Array.of(0.5, -2, 0, 3, -0.25, 1);

/** z, ∂loss/∂z, ∂loss/∂b and the sums of one negative, from core's own formulas. */
function pairOf(loss: MarginLoss, cos: number, pivot: number, row: Record<string, number>, j: number) {
  const { objective, scale } = loss;
  if (objective.kind === 'binary') {
    const negative = loss.negative(numberOps, cos, pivot, row);
    const pair = binaryTerms(numberOps, objective, negative, scale, BIAS[j]);
    return { ...pair, sums: { loss: pair.loss }, g: () => FACTOR * pair.dLogit };
  }
  const negative = negativeTerms(numberOps, loss, cos, pivot, row);
  const logit = scale * negative.value;
  const share = objective.labelSmoothing > 0 ? SHARE : 0;
  return { ...negative, logit, g: (shift: number) => FACTOR * Math.exp(logit - shift) - share };
}

const cosine = fc.float({ min: -1, max: 1, noNaN: true });

/** One sample whose own class is the first of the tile. */
function prepared(pivot: number, scale: number, sample: Readonly<Record<string, number>>): PreparedBatch {
  const one = Float64Array.of(1);
  const target = { value: one, dCos: one, dNorm: one, pastPi: Uint8Array.of(0), targetLogit: one };
  const withPivot = { ...target, pivot: Float64Array.of(pivot) };
  return {
    ...withPivot,
    sampleValues: [sample],
    logitScale: Float64Array.of(scale),
    next: {},
    nextClassValues: undefined,
    completed: () => withPivot,
  };
}

describe.each(modes)('kernels of every formula, mode %s', (mode) => {
  test.each(losses.map((loss) => [loss.name, loss] as const))(
    '%s: what numberOps computes',
    async (_, loss) => {
      const set = new KernelSet(gpus.get(mode)!, mode);
      const kernels = negativeKernels(loss);
      const shape = { batch: 1, classes: CLASSES, dim: 1 };
      await fc.assert(
        fc.asyncProperty(
          fc.array(cosine, { minLength: CLASSES, maxLength: CLASSES }),
          cosine,
          fc.record(Object.fromEntries(loss.sampleValueNames.map((name) => [name, cosine]))),
          async (cosines, pivot, row) => {
            const others = cosines.map((cos, j) => pairOf(loss, cos, pivot, row, j));
            const z = others.map(({ logit }) => logit);
            const shift = Math.fround(Math.max(...z));
            const factors = matrixInput(Float32Array.of(shift, FACTOR, SHARE), 3);
            const samples = sampleMatrix(loss, prepared(pivot, loss.scale, row), Int32Array.of(7), 7);
            const beside = loss.bias && loss.objective.kind === 'binary' ? [BIAS] : [];
            const args = [cosines.map((cos) => Float32Array.of(cos)), samples, ...beside];
            const column = async (name: 'logits' | 'gradLogits' | 'slopes') => {
              const all = name === 'logits' ? args : [...args, factors];
              return ((await set.run(kernels[name], shape, all)) as Float32Array[]).map((row) => row[0]!);
            };
            const chunked = { ...shape, chunk: CHUNK_OF_TEST };
            const largest = await set.run(kernels.largest, chunked, args);
            const sums = await set.run(kernels.sums, chunked, [...args, largest]);
            const hardNegatives = await set.run(kernels.hardNegatives, chunked, args);

            const g = others.map((pair) => pair.g(shift));
            const negatives = z.slice(1);
            const hard = cosines.map((cos, j) => j > 0 && cos > pivot);
            close(await column('logits'), [0, ...negatives]);
            close(await column('gradLogits'), [0, ...g.slice(1)]);
            close(
              await column('slopes'),
              others.map(({ dCos }, j) => (j === 0 ? 0 : loss.scale * g[j]! * dCos)),
            );
            const chunks = [negatives.slice(0, CHUNK_OF_TEST - 1), negatives.slice(CHUNK_OF_TEST - 1)];
            for (const [c, total] of (sums as Float32Array[]).entries()) {
              const expected = Math.max(...chunks[c]!);
              close((largest as Float32Array[])[c]!, [expected]);
              close(total, [chunks[c]!.reduce((sum, logit) => sum + Math.exp(logit - expected), 0)]);
            }
            const chunkSums = (values: readonly number[]) =>
              [values.slice(1, CHUNK_OF_TEST), values.slice(CHUNK_OF_TEST)].map((chunk) =>
                chunk.reduce((sum, value) => sum + value, 0),
              );
            for (const [name, kernel] of Object.entries(kernels.negativeSums)) {
              const given = ((await set.run(kernel, chunked, args)) as Float32Array[]).map((row) => row[0]!);
              const terms = others.map(({ sums }) => (sums as Record<string, number>)[name]!);
              close(given, chunkSums(terms));
            }
            const norms = (await set.run(kernels.norm, chunked, [...args, factors])) as Float32Array[];
            close(
              norms.map((row) => row[0]!),
              chunkSums(others.map(({ value }, j) => g[j]! * value)),
            );
            const bias = (await set.run(kernels.bias, shape, [...args, factors])) as Float32Array;
            const sign = loss.objective.kind === 'binary' ? loss.objective.biasSign : undefined;
            close(
              bias,
              others.map(({ dCos }, j) => (j === 0 ? 0 : g[j]! * (sign ?? loss.scale * dCos))),
            );
            const seen = (hardNegatives as Float32Array[][]).map((row) => row[0]!);
            const sum = (at: number) => seen.reduce((total, chunk) => total + chunk[at]!, 0);
            const hardSlopes = others.filter((_, j) => hard[j]).map(({ dCos }) => dCos);
            expect(sum(0)).toBe(hardSlopes.length);
            if (hardSlopes.length > 0) {
              close([Math.min(...seen.map((chunk) => chunk[2]!))], [Math.min(...hardSlopes)]);
              close([Math.max(...seen.map((chunk) => chunk[3]!))], [Math.max(...hardSlopes)]);
            }
            if (mode === 'cpu') {
              // In float32, N and cos may round to the same number.
              const emphasised = others.filter(
                ({ value }, j) => hard[j] && emphasisedMask(numberOps, loss, value, cosines[j]!, pivot, row),
              );
              expect(sum(1)).toBe(emphasised.length);
            }
          },
        ),
        { numRuns: 30 },
      );
      set.dispose();
    },
  );
});

function close(given: ArrayLike<number>, expected: readonly number[]): void {
  expect(given.length).toBe(expected.length);
  for (const [j, value] of expected.entries()) {
    // A logit off by k·ε·s moves its exponential by that share.
    expect(Math.abs(given[j]! - value)).toBeLessThanOrEqual(6e-5 * Math.abs(value) + 2e-5);
  }
}
