import {
  binaryTerms,
  createLoss,
  initialState,
  LOSS_NAMES,
  logitScale,
  type MarginLoss,
  negativeSumNames,
  negativeTerms,
  numberOps,
  smoothed,
} from '@cf/core';
import fc from 'fast-check';
import { test as base, describe, expect } from 'vitest';
import { sampleValuesRead } from '../formula/negatives-formula.ts';
import { hasFusedMultiplyAdd } from './fused-multiply-add.ts';
import { resultCount, rowKernel } from './row-kernel.ts';
import { type CLASSES, ofClass, PARAMETERS, RESULTS } from './row-layout.ts';

const GAP = 7;
const NORM = 3;
const SHARE = 0.25;
const D_NLL = 0.75;
const FACTOR = 1.5;
/** Where the arrays lie, in bytes. */
const AT = { products: 0, parameters: 8192, results: 9216, classes: 16_384 } as const;

interface Row {
  readonly products: readonly number[];
  readonly inverse: readonly number[];
  readonly bias: readonly number[];
  readonly shift: number;
  readonly pivot: number;
  readonly t: number;
}

interface Outcome {
  readonly results: Float32Array;
  readonly slopes: Float32Array;
  readonly gradBias: Float32Array;
  readonly along: Float32Array;
  /** What lies behind the arrays. */
  readonly around: readonly number[];
}

/** Runs a kernel on one row, which lies between numbers that must stay as they are. */
async function runRow(
  loss: MarginLoss,
  name: 'peak' | 'sums' | 'counted' | 'gradients',
  row: Row,
  fused: boolean,
): Promise<Outcome> {
  const memory = new WebAssembly.Memory({ initial: 30 });
  const { instance } = await WebAssembly.instantiate(rowKernel(loss, fused), { env: { memory } });
  const count = row.products.length;
  const products = new Float32Array(memory.buffer, AT.products, count + GAP).fill(5);
  products.set(row.products);
  const ofClasses = (which: keyof typeof CLASSES): Float32Array =>
    new Float32Array(memory.buffer, AT.classes + ofClass(which), count + GAP).fill(5);
  ofClasses('inverse').set(row.inverse);
  ofClasses('bias').set(row.bias);
  const [gradBias, along] = [ofClasses('gradBias'), ofClasses('along')];
  const parameters = new Float32Array(memory.buffer, AT.parameters, 32);
  parameters[PARAMETERS.shift] = row.shift;
  parameters[PARAMETERS.share] = SHARE;
  parameters[PARAMETERS.dNll] = D_NLL;
  parameters[PARAMETERS.factor] = FACTOR;
  parameters[PARAMETERS.logitScale] = logitScale(numberOps, loss, NORM);
  parameters[PARAMETERS.pivot] = row.pivot;
  parameters.fill(row.t, PARAMETERS.sampleValues, PARAMETERS.sampleValues + sampleValuesRead(loss).length);
  const results = new Float32Array(memory.buffer, AT.results, resultCount(loss));
  results[RESULTS.peak] = Number.NEGATIVE_INFINITY;
  results[RESULTS.minSlope] = 3e38;
  results[RESULTS.maxSlope] = -3e38;
  const run = instance.exports[name] as (...args: number[]) => void;
  run(AT.products, AT.classes, count, AT.parameters, AT.results);
  return {
    results,
    slopes: products.subarray(0, count),
    gradBias: gradBias.subarray(0, count),
    along: along.subarray(0, count),
    around: [products, gradBias, along].flatMap((array) => [...array.subarray(count)]),
  };
}

/** What a row comes to, by the loss's formulas in float64. */
function expectedOf(loss: MarginLoss, row: Row): readonly Expected[] {
  const scale = logitScale(numberOps, loss, NORM);
  const sample = Object.fromEntries(sampleValuesRead(loss).map((key) => [key, row.t]));
  return row.products.map((product, j) => {
    const inner = loss.geometry === 'inner';
    const inverse = inner ? 1 : row.inverse[j]!;
    const cos = inner ? product : Math.max(-1, Math.min(1, product * inverse));
    const terms = negativeTerms(numberOps, loss, cos, row.pivot, sample);
    const shared = { cos, inverse, value: terms.value, dCos: terms.dCos };
    const { objective } = loss;
    if (objective.kind === 'softmax') return { ...shared, sums: terms.sums, logit: scale * terms.value };
    const pair = binaryTerms(numberOps, objective, terms, scale, loss.bias && row.bias[j]!);
    return { ...shared, sums: { loss: pair.loss }, logit: pair.logit, dLogit: pair.dLogit };
  });
}

interface Expected {
  readonly cos: number;
  readonly inverse: number;
  readonly value: number;
  readonly dCos: number;
  readonly logit: number;
  readonly dLogit?: number;
  readonly sums: Readonly<Record<string, number>>;
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Within 10⁻⁴ of the size that the terms have. */
function expectSum(actual: number, terms: readonly number[]): void {
  const size = Math.max(1e-30, total(terms.map(Math.abs)));
  expect(Math.abs(actual - total(terms)) / size).toBeLessThan(1e-4);
}

const rows = fc
  .integer({ min: 1, max: 11 })
  .chain((count) =>
    fc.record({
      products: fc.array(fc.integer({ min: -99, max: 99 }), { minLength: count, maxLength: count }),
      bias: fc.array(fc.integer({ min: -4, max: 4 }), { minLength: count, maxLength: count }),
      inverse: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: count, maxLength: count }),
      pivot: fc.integer({ min: -95, max: 95 }),
      t: fc.integer({ min: 0, max: 100 }),
    }),
  )
  .map(({ products, inverse, bias, pivot, t }) => ({
    products: products.map((value, j) => Math.fround(value / 100 / inverse[j]!)),
    inverse,
    bias,
    // Off the cosines, so that rounding decides nothing.
    pivot: pivot / 100 + 0.005,
    t: Math.fround(t / 100),
    shift: 1,
  }));

describe.each([
  { products: 'rounded', fused: false },
  { products: 'fused', fused: true },
])('a row of negatives in WebAssembly, $products products', ({ fused }) => {
  const test = fused && !hasFusedMultiplyAdd() ? base.skip : base;

  const losses = [
    ...LOSS_NAMES.map((name) => createLoss(name, {}, { classCounts: [3, 3] })),
    smoothed(createLoss('adaface'), 0.1),
  ];

  test.each(losses)('$name is what its formula says', async (loss) => {
    expect(initialState(loss).loss).toBe(loss.name);
    await fc.assert(
      fc.asyncProperty(rows, async (row) => {
        const expected = expectedOf(loss, row);
        const shift = Math.fround(Math.max(...expected.map(({ logit }) => logit)) - 1);
        const { objective } = loss;
        const smoothing = objective.kind === 'softmax' && objective.labelSmoothing > 0;
        const counted = await runRow(loss, 'counted', { ...row, shift }, fused);
        // Where a pass comes after, the counts are of another function than what is added up over the samples.
        const last = smoothing ? await runRow(loss, 'gradients', { ...row, shift }, fused) : counted;
        const { results, slopes, gradBias, along, around } = last;
        const exps = expected.map(({ logit }) => Math.exp(logit - shift));
        const share = smoothing ? SHARE : 0;
        const partials = expected.map(({ dLogit }, j) => dLogit ?? exps[j]! - share);
        if (objective.kind === 'softmax') {
          const { results: peaks } = await runRow(loss, 'peak', { ...row, shift }, fused);
          expect(peaks[RESULTS.peak]! - shift).toBeCloseTo(1, 4);
          expectSum(results[RESULTS.sum]!, exps);
        } else if (loss.bias) {
          partials.forEach((partial, j) => {
            expect(gradBias[j]).toBeCloseTo(5 + objective.biasSign * D_NLL * partial, 4);
          });
        }
        negativeSumNames(loss).forEach((name, at) => {
          expectSum(
            results[RESULTS.sums + at]!,
            expected.map(({ sums }) => sums[name]!),
          );
        });
        expected.forEach(({ cos, dCos, inverse }, j) => {
          const slope = partials[j]! * dCos * inverse;
          const alongRow = smoothing || objective.kind === 'binary' ? FACTOR * slope * cos : 0;
          expect(Math.abs(along[j]! - 5 - alongRow)).toBeLessThanOrEqual(
            1e-4 * Math.max(1, Math.abs(alongRow)),
          );
          expect(Math.abs(slopes[j]! - slope)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(slope)));
        });
        expect(around).toEqual(Array(3 * GAP).fill(5));
        const hard = expected.filter(({ cos }) => cos > row.pivot);
        if (loss.geometry === 'inner') return;
        expect(counted.results[RESULTS.hard]).toBe(hard.length);
        if (loss.geometry === 'norm-scaled')
          expectSum(
            results[RESULTS.radial]!,
            expected.map(({ value }, j) => partials[j]! * value),
          );
        if (hard.length === 0) return;
        expect(counted.results[RESULTS.minSlope]).toBeCloseTo(Math.min(...hard.map(({ dCos }) => dCos)), 4);
        expect(counted.results[RESULTS.maxSlope]).toBeCloseTo(Math.max(...hard.map(({ dCos }) => dCos)), 4);
      }),
      { numRuns: 30 },
    );
  });

  test.each([-60, -15, 0, 15, 60])(
    'the losses of 1,003 classes with logits near %d keep their digits',
    async (bias) => {
      const loss = createLoss('sphereface2');
      const row = {
        products: Array.from({ length: 1003 }, (_, j) => Math.fround(0.3 * Math.sin(j))),
        inverse: Array(1003).fill(1),
        bias: Array(1003).fill(bias),
        pivot: 0,
        t: 0,
        shift: 0,
      };
      const { results } = await runRow(loss, 'sums', row, fused);
      const terms = expectedOf(loss, row).map(({ sums }) => sums.loss!);
      expect(results[RESULTS.sums]! / total(terms)).toBeGreaterThan(1 - 2e-6);
      expect(results[RESULTS.sums]! / total(terms)).toBeLessThan(1 + 2e-6);
    },
  );
});
