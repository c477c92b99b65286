import type { FloatArray } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adamw } from './adamw.ts';
import { arrayOptimiser } from './array-optimiser.ts';
import type { OptimiserRule } from './optimiser-rule.ts';
import { type RowClipping, rowUpdate } from './row-update.ts';
import { sgd } from './sgd.ts';

const [ROWS, DIM] = [7, 3];
const drawn = (seed: number): Float32Array =>
  Float32Array.from({ length: ROWS * DIM }, (_, i) => Math.sin(seed + 12.9898 * i) * (1 + (i % 5)));

/** Two updates of the same numbers, whose gradients come in these pieces, each beginning at a row. */
function moved(rule: OptimiserRule, clipping: RowClipping | undefined, starts: readonly number[]) {
  const values = drawn(1);
  const of = arrayOptimiser(rule, 0.1);
  const optimiser = of.first(values);
  for (const updateNumber of [1, 2]) {
    const update = { rule: of, values, optimiser, dim: DIM, learningRate: 0.3, updateNumber, clipping };
    const taker = rowUpdate(update);
    const gradient = drawn(updateNumber + 1);
    taker.begin?.(Math.hypot(...gradient));
    starts.forEach((start, at) => {
      const end = starts[at - 1] ?? ROWS;
      taker.take({ first: start, values: gradient.slice(start * DIM, end * DIM) });
    });
  }
  return { values, optimiser };
}

describe.each<[string, OptimiserRule]>([
  ['sgd', sgd({ momentum: 0.9 })],
  ['Nesterov', sgd({ momentum: 0.9, nesterov: true })],
  ['adamw', adamw()],
])('%s moves rows', (_, rule) => {
  test.each<[string, RowClipping | undefined]>([
    ['as they are', undefined],
    ['cut by row', { by: 'row', limit: 2 }],
    ['cut by all', { by: 'norm', limit: 2 }],
  ])('%s, in any pieces, to the same bits', (__, clipping) => {
    const whole = moved(rule, clipping, [0]);
    // The last piece first, as a pass over tiles goes.
    fc.assert(
      fc.property(fc.subarray([1, 2, 3, 4, 5, 6]), (cuts) => {
        expect(moved(rule, clipping, [...[0, ...cuts].sort((a, b) => b - a)])).toEqual(whole);
      }),
    );
  });
});

test('of more rows than are moved at a time each moves where it stands', () => {
  const [rows, dim] = [40_000, 3];
  const rule = arrayOptimiser(sgd(), 0);
  const values = new Float32Array(rows * dim);
  const gradient = Float32Array.from(values.keys(), (i) => -i);
  const starts: number[] = [];
  const update = { rule, values, optimiser: {}, dim, learningRate: 1, updateNumber: 1 };
  const write = (_: string, from: number, moved: FloatArray): void => {
    starts.push(from);
    values.set(moved, from);
  };
  rowUpdate({ ...update, write }).take({ first: 0, values: gradient });
  expect(values.every((value, i) => value === i)).toBe(true);
  expect(starts.length).toBeGreaterThan(1);
  expect(starts.every((from) => from % dim === 0)).toBe(true);
});

describe('clipping', () => {
  const still = { rule: arrayOptimiser(sgd(), 0), optimiser: {}, dim: 2, learningRate: 1, updateNumber: 1 };
  const step = (clipping: RowClipping, gradient: FloatArray): FloatArray => {
    const values = new Float64Array(gradient.length);
    const taker = rowUpdate({ ...still, values, clipping });
    taker.begin?.(Math.hypot(...gradient));
    taker.take({ first: 0, values: gradient });
    return values;
  };

  test('by row scales each long row to the limit, and leaves the short ones', () => {
    const [a, b, c, d] = step({ by: 'row', limit: 1 }, Float64Array.of(3, 4, 0.3, 0.4));
    expect([a, b]).toEqual([expect.closeTo(-0.6, 5), expect.closeTo(-0.8, 5)]);
    expect([c, d]).toEqual([-0.3, -0.4]);
  });

  test('by norm scales all rows alike', () => {
    const values = step({ by: 'norm', limit: 1 }, Float64Array.of(3, 0, 0, 4));
    expect([...values].map(Math.abs)).toEqual([expect.closeTo(0.6, 5), 0, 0, expect.closeTo(0.8, 5)]);
    expect(step({ by: 'norm', limit: 10 }, Float64Array.of(3, 4))).toEqual(Float64Array.of(-3, -4));
  });
});

test('rows of files are written, and arrays are left to show them', () => {
  const of = arrayOptimiser(sgd({ momentum: 0.9 }), 0.1);
  const values = drawn(1);
  const optimiser = of.first(values);
  const written: Record<string, Float32Array> = {
    values: values.slice(),
    momentum: new Float32Array(values.length),
  };
  const names: string[] = [];
  const write = (name: string, from: number, rows: FloatArray): void => {
    names.push(name);
    written[name]!.set(rows, from);
  };
  const update = { rule: of, values, optimiser, dim: DIM, learningRate: 0.3, updateNumber: 1, write };
  const { take } = rowUpdate(update);
  const gradient = drawn(2);
  for (const [first, end] of [
    [4, ROWS],
    [0, 4],
  ] as const)
    take({ first, values: gradient.slice(first * DIM, end * DIM) });
  expect(values).toEqual(drawn(1));
  expect(names).toEqual(['values', 'momentum', 'values', 'momentum']);
  of.update({ weight: values, state: optimiser, gradient: drawn(2), learningRate: 0.3, updateNumber: 1 });
  expect(written).toEqual({ values, ...optimiser });
});

test('a class center out of bounds is named, with its place among all', () => {
  const values = new Float32Array(8);
  const taker = rowUpdate({
    rule: arrayOptimiser(sgd(), 0),
    values,
    optimiser: {},
    dim: 2,
    learningRate: 1,
    updateNumber: 3,
  });
  expect(() => taker.take({ first: 2, values: Float32Array.of(0, 2e9) })).toThrow(/class\.centers\[5\] = -2/);
});
