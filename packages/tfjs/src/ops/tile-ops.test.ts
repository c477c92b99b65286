import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { tfOps } from './tf-ops.ts';
import { tileOps } from './tile-ops.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const number = fc.oneof(
  fc.float({ noNaN: true, min: -2, max: 2 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0),
);
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 41 }))
  .chain(([rows, columns]) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      numbers: fc.array(number, { minLength: 3 * rows * columns, maxLength: 3 * rows * columns }),
      shapes: fc.tuple(
        fc.constantFrom('one', 'row', 'all', 'column'),
        fc.constantFrom('one', 'row', 'all', 'column'),
      ),
    }),
  );

describe('whole tiles on wasm', () => {
  test('compare and choose as tensors do, whatever broadcasts, and NaN stays where it is', () => {
    fc.assert(
      fc.property(matrix, ({ rows, columns, numbers, shapes }) => {
        const size = rows * columns;
        const shapeOf = {
          one: [],
          row: [columns],
          column: [rows, 1],
          all: [rows, columns],
        };
        const operand = (kind: keyof typeof shapeOf, part: number): tf.Tensor => {
          const shape = shapeOf[kind];
          const length = shape.reduce((product, side) => product * side, 1);
          return tf.tensor(numbers.slice(part * size, part * size + length), shape);
        };
        const [expected, actual] = [tfOps, tileOps()].map((ops) =>
          tf.tidy(() => {
            const a = operand('all', 0);
            const [yes, no] = [operand(shapes[0], 1), operand(shapes[1], 2)];
            const mask = ops.greater(a, yes);
            const either = ops.or(mask, ops.greater(no, a));
            const tensors = [mask, either, ops.select(mask, yes, no)];
            return tensors.map((tensor) => [...tensor.dataSync()]);
          }),
        );
        expect(actual).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test.each(['expm1', 'log1p', 'sin', 'cos', 'atan'] as const)(
    '%s is that of float64, rounded once',
    (name) => {
      const values = Float32Array.of(-0.75, -1e-7, 0, 1e-20, 0.3, 1, 2.5, 40);
      const actual = tf.tidy(() => tileOps()[name](tf.tensor2d(values, [2, 4])));
      expect(actual.shape).toEqual([2, 4]);
      expect(actual.dataSync()).toEqual(values.map(Math[name]));
      actual.dispose();
    },
  );

  test('are plain operations on other backends', async () => {
    await tf.setBackend('cpu');
    expect(tileOps()).toBe(tfOps);
    await tf.setBackend('wasm');
  });
});
