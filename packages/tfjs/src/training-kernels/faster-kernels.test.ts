import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerTrainingKernels } from './register.ts';
import { mergedAxes } from './slice.ts';
import { expectAsOnCpu, maxDifference, randomValues, runKernel } from './testing.ts';

beforeAll(() => {
  registerTrainingKernels('wasm');
});

const dims = (maxRank: number, maxDim = 6): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max: maxDim }), { minLength: 1, maxLength: maxRank });

describe('faster kernels give what the cpu backend gives', () => {
  test('Slice', async () => {
    const part = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(), fc.nat(), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), fc.nat(), async (axes, seed) => {
        const shape = axes.map(([dim]) => dim);
        const begin = axes.map(([dim, start, , whole]) => (whole ? 0 : start % dim));
        const size = axes.map(([dim, , length, whole], i) =>
          whole ? dim : 1 + (length % (dim - begin[i]!)),
        );
        await expectAsOnCpu('Slice', { x: randomValues(shape, seed) }, { begin, size }, 0);
      }),
    );
  });

  test('Slice to the end, and of nothing', async () => {
    const x = randomValues([3, 4, 2], 1);
    await expectAsOnCpu('Slice', { x }, { begin: [1, 2, 0], size: [-1, 2, -1] }, 0);
    expect(
      (await runKernel('wasm', 'Slice', { x }, { begin: [1, 0, 0], size: [2, 0, 2] })).values,
    ).toHaveLength(0);
  });

  test('Tile', async () => {
    const part = fc.tuple(fc.constantFrom(1, 1, 3), fc.integer({ min: 1, max: 4 }));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), fc.nat(), async (axes, seed) => {
        const reps = axes.map(([, count]) => count);
        await expectAsOnCpu(
          'Tile',
          {
            x: randomValues(
              axes.map(([dim]) => dim),
              seed,
            ),
          },
          { reps },
          0,
        );
      }),
    );
  });

  test.each(['Sum', 'Mean'])('%s', async (kernel) => {
    await fc.assert(
      fc.asyncProperty(dims(4), fc.nat(15), fc.boolean(), fc.nat(), async (shape, mask, keepDims, seed) => {
        const axis = shape.map((_, i) => i).filter((i) => (mask >> i) & 1);
        const terms = shape.reduce((count, dim) => count * dim, 1);
        await expectAsOnCpu(kernel, { x: randomValues(shape, seed) }, { axis, keepDims }, terms);
      }),
    );
  });

  test('BatchMatMul', async () => {
    const size = fc.integer({ min: 1, max: 9 });
    const lead = fc.constantFrom([], [1], [1, 1], [3]);
    await fc.assert(
      fc.asyncProperty(
        lead,
        size,
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        fc.nat(),
        async (batch, m, k, n, ta, tb, seed) => {
          const a = randomValues([...batch, ...(ta ? [k, m] : [m, k])], seed);
          const b = randomValues([...batch, ...(tb ? [n, k] : [k, n])], seed + 1);
          await expectAsOnCpu('BatchMatMul', { a, b }, { transposeA: ta, transposeB: tb }, k);
        },
      ),
    );
  });
});

test('the same numbers are the right-hand matrix of products in several shapes', async () => {
  await tf.setBackend('wasm');
  const numbers = tf.tensor(randomValues([360], 4).values);
  for (const columns of [4, 90, 2, 4]) {
    const product = tf.tidy(() => {
      const b = tf.reshape(numbers, [360 / columns, columns]);
      return tf.sub(tf.matMul(tf.ones([2, 360 / columns]), b), tf.sum(b, 0, true));
    });
    expect(maxDifference(await product.data(), new Float32Array(2 * columns))).toBeLessThan(1e-4);
    product.dispose();
  }
  numbers.dispose();
});

test('a clone outlives the tensor that it was made of', async () => {
  await tf.setBackend('wasm');
  const before = tf.backend().numDataIds();
  const x = tf.tensor([1, 2, 3]);
  const clone = tf.clone(x);
  expect(tf.backend().numDataIds() - before).toBe(1);
  x.dispose();
  expect(clone.arraySync()).toEqual([1, 2, 3]);
  clone.dispose();
  expect(tf.backend().numDataIds()).toBe(before);
});

test('a sum of many numbers keeps the digits of a sum in float64', async () => {
  const [rows, columns] = [2 ** 16, 3];
  const x = randomValues([rows, columns], 1);
  const positive = { ...x, values: x.values.map((value) => value + 2) };
  const { values } = await runKernel('wasm', 'Sum', { x: positive }, { axis: [0], keepDims: false });
  values.forEach((value, c) => {
    const exact = positive.values.reduce((sum, v, i) => (i % columns === c ? sum + v : sum), 0);
    expect(Math.abs(value / exact - 1)).toBeLessThan(2e-6);
  });
});

test('a slice is copied in rows as long as they can be', () => {
  expect(mergedAxes([8, 58, 58, 32], [0, 1, 1, 0], [8, 56, 56, 32])).toEqual({
    shape: [8, 58, 1856],
    begin: [0, 1, 32],
    size: [8, 56, 1792],
  });
  expect(mergedAxes([9, 32], [3, 0], [2, 32])).toEqual({ shape: [288], begin: [96], size: [64] });
});
