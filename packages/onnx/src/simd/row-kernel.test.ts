import { createLoss, initialState, LOSS_NAMES, logitScale, type MarginLoss, numberOps } from '@cf/core';
import fc from 'fast-check';
import { test as base, describe, expect } from 'vitest';
import { sampleValuesRead } from '../formula/negatives-formula.ts';
import { hasFusedMultiplyAdd } from './fused-multiply-add.ts';
import { PARAMETERS, RESULT_COUNT, RESULTS, rowKernel } from './row-kernel.ts';

const GAP = 7;
const NORM = 3;

/** Runs a kernel on one row, which lies between numbers that must stay as they are. */
async function runRow(
  loss: MarginLoss,
  name: 'peak' | 'sums' | 'counted',
  row: { products: number[]; inverse: number[]; shift: number; pivot: number; t: number },
  fused: boolean,
): Promise<{ results: Float32Array; slopes: Float32Array; around: Float32Array }> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(rowKernel(loss, fused), { env: { memory } });
  const count = row.products.length;
  const products = new Float32Array(memory.buffer, 0, count + GAP).fill(5);
  products.set(row.products);
  new Float32Array(memory.buffer, 4096, count).set(row.inverse);
  const parameters = new Float32Array(memory.buffer, 8192, 16);
  parameters[PARAMETERS.shift] = row.shift;
  parameters[PARAMETERS.logitScale] = logitScale(numberOps, loss, NORM);
  parameters[PARAMETERS.pivot] = row.pivot;
  parameters.fill(row.t, PARAMETERS.sampleValues, PARAMETERS.sampleValues + sampleValuesRead(loss).length);
  const results = new Float32Array(memory.buffer, 12_288, RESULT_COUNT);
  results[RESULTS.peak] = Number.NEGATIVE_INFINITY;
  results[RESULTS.minSlope] = 3e38;
  results[RESULTS.maxSlope] = -3e38;
  const run = instance.exports[name] as (...args: number[]) => void;
  run(0, 4096, count, 8192, 12_288);
  return { results, slopes: products.subarray(0, count), around: products.subarray(count) };
}

const rows = fc
  .integer({ min: 1, max: 11 })
  .chain((count) =>
    fc.record({
      products: fc.array(fc.integer({ min: -99, max: 99 }), { minLength: count, maxLength: count }),
      inverse: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: count, maxLength: count }),
      pivot: fc.integer({ min: -95, max: 95 }),
      t: fc.integer({ min: 0, max: 100 }),
    }),
  )
  .map(({ products, inverse, pivot, t }) => ({
    products: products.map((value, j) => Math.fround(value / 100 / inverse[j]!)),
    inverse: inverse.map((value) => value),
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

  test.each(LOSS_NAMES)('%s is what its formula says', async (name) => {
    const loss = createLoss(name);
    expect(initialState(loss).loss).toBe(loss.name);
    await fc.assert(
      fc.asyncProperty(rows, async (row) => {
        const scale = logitScale(numberOps, loss, NORM);
        const rowValues = Object.fromEntries(sampleValuesRead(loss).map((key) => [key, row.t]));
        const expected = row.products.map((product, j) => {
          const inverse = loss.geometry === 'inner' ? 1 : row.inverse[j]!;
          const cos = Math.max(-1, Math.min(1, product * inverse));
          const { value, dCos } = loss.negative(
            numberOps,
            loss.geometry === 'inner' ? product : cos,
            row.pivot,
            rowValues,
          );
          return { cos, value, dCos, inverse, logit: scale * value };
        });
        const shift = Math.fround(Math.max(...expected.map(({ logit }) => logit)) - 1);
        const { results, slopes, around } = await runRow(loss, 'counted', { ...row, shift }, fused);
        const { results: peaks } = await runRow(loss, 'peak', { ...row, shift }, fused);
        const exps = expected.map(({ logit }) => Math.exp(logit - shift));
        const close = 1e-4;
        expect(peaks[RESULTS.peak]! - shift).toBeCloseTo(1, 4);
        expect(results[RESULTS.sum]! / exps.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
        expected.forEach(({ dCos, inverse }, j) => {
          const slope = exps[j]! * dCos * inverse;
          expect(Math.abs(slopes[j]! - slope)).toBeLessThanOrEqual(close * Math.max(1, Math.abs(slope)));
        });
        expect(Array.from(around)).toEqual(Array(GAP).fill(5));
        const hard = expected.filter(({ cos }) => cos > row.pivot);
        if (loss.geometry === 'inner') return;
        expect(results[RESULTS.hard]).toBe(hard.length);
        if (hard.length === 0) return;
        expect(results[RESULTS.minSlope]).toBeCloseTo(Math.min(...hard.map(({ dCos }) => dCos)), 4);
        expect(results[RESULTS.maxSlope]).toBeCloseTo(Math.max(...hard.map(({ dCos }) => dCos)), 4);
      }),
      { numRuns: 30 },
    );
  });
});
