import { type BatchOps, batchOps, numberOps } from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { tfBatchOps, tfjsBackend, tfOps } from '../index.ts';

const float = fc.float({ min: -8, max: 8, noNaN: true });
const vectors = fc
  .integer({ min: 1, max: 9 })
  .chain((n) => fc.tuple(...[0, 1].map(() => fc.array(float, { minLength: n, maxLength: n }))));

beforeAll(async () => {
  await tfjsBackend();
});

/** Runs a formula on tensors and frees what it made. */
function run(formula: () => tf.Tensor): number[] {
  return Array.from(tf.tidy(() => formula().dataSync()));
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(4e-7 * Math.max(1, Math.abs(value)));
  }
}

describe('the element-wise reading is that of numbers', () => {
  const unary = ['neg', 'abs', 'exp', 'expm1', 'sin', 'cos', 'atan'] as const;
  const binary = ['add', 'sub', 'mul', 'min', 'max'] as const;

  test.each(unary)('%s', (name) => {
    fc.assert(
      fc.property(vectors, ([a]) => {
        expectClose(
          run(() => tfOps[name](tf.tensor1d(a!))),
          a!.map(numberOps[name]),
        );
      }),
    );
  });

  test.each(['sqrt', 'log', 'log1p'] as const)('%s, of what is positive', (name) => {
    fc.assert(
      fc.property(vectors, ([a]) => {
        const positive = a!.map((x) => Math.fround(Math.abs(x) + 0.25));
        expectClose(
          run(() => tfOps[name](tf.tensor1d(positive))),
          positive.map(numberOps[name]),
        );
      }),
    );
  });

  test.each(binary)('%s', (name) => {
    fc.assert(
      fc.property(vectors, ([a, b]) => {
        const expected = a!.map((x, i) => numberOps[name](x, b![i]!));
        expectClose(
          run(() => tfOps[name](tf.tensor1d(a!), tf.tensor1d(b!))),
          expected,
        );
      }),
    );
  });

  test('div, by what is not near 0', () => {
    fc.assert(
      fc.property(vectors, ([a, b]) => {
        const divisor = b!.map((x) => Math.fround(Math.abs(x) + 0.25));
        const expected = a!.map((x, i) => x / divisor[i]!);
        expectClose(
          run(() => tfOps.div(tf.tensor1d(a!), tf.tensor1d(divisor))),
          expected,
        );
      }),
    );
  });

  test('greater, strictly, and, or, not, select', () => {
    fc.assert(
      fc.property(vectors, ([a, b]) => {
        const formula = (x: number, y: number): number => {
          const above = x > y;
          return (above && x > 0) || !(y > 1) ? x : y;
        };
        const actual = run(() => {
          const [x, y] = [tf.tensor1d(a!), tf.tensor1d(b!)];
          const both = tfOps.and(tfOps.greater(x, y), tfOps.greater(x, tfOps.constant(0)));
          return tfOps.select(tfOps.or(both, tfOps.not(tfOps.greater(y, tfOps.constant(1)))), x, y);
        });
        expect(actual).toEqual(a!.map((x, i) => formula(x, b![i]!)));
      }),
    );
    expect(run(() => tfOps.greater(tf.tensor1d([1, 2]), tf.tensor1d([1, 1])))).toEqual([0, 1]);
  });

  test('expm1 keeps the digits of a tiny result', () => {
    expect(run(() => tfOps.expm1(tf.scalar(-1e-20)))[0]! / -1e-20).toBeCloseTo(1, 6);
  });

  test('one entry a sample broadcasts against a tile with samples last', () => {
    const tile = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    expect(run(() => tfOps.mul(tf.tensor2d(tile), tf.tensor1d([10, 100])))).toEqual([
      10, 200, 30, 400, 50, 600,
    ]);
    const halves = (): tf.Tensor =>
      tfOps.select(
        tfOps.greater(tf.tensor2d(tile), tf.tensor1d([2, 5])),
        tf.tensor1d([7, 8]),
        tfOps.constant(0),
      );
    expect(run(halves)).toEqual([0, 0, 7, 0, 7, 8]);
  });
});

describe('the reading of statistics is that of the float64 batch', () => {
  /** The same formula in both readings. */
  function bothAgree(values: readonly number[], formula: <T, M>(ops: BatchOps<T, M>, v: T) => T): void {
    const expected = Array.from(formula(batchOps, Float64Array.from(values)));
    expectClose(
      run(() => formula(tfBatchOps, tf.tensor1d([...values]))),
      expected,
    );
  }

  // Few distinct values, so that most are tied.
  const tied = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 300 });

  test('sum and count', () => {
    fc.assert(
      fc.property(tied, (values) => {
        bothAgree(values, (ops, v) => ops.sum(v));
        bothAgree(values, (ops, v) => ops.count(v));
      }),
    );
  });

  test('argsort keeps the order of ties, ascending and descending', () => {
    fc.assert(
      fc.property(tied, (values) => {
        bothAgree(values, (ops, v) => ops.argsort(v, 'ascending'));
        bothAgree(values, (ops, v) => ops.argsort(v, 'descending'));
      }),
    );
  });

  test('gather sorts, and the argsort of an order is its inverse', () => {
    fc.assert(
      fc.property(tied, (values) => {
        bothAgree(values, (ops, v) => ops.gather(v, ops.argsort(v, 'ascending')));
        bothAgree(values, (ops, v) => ops.argsort(ops.argsort(v, 'descending'), 'ascending'));
      }),
    );
  });
});
