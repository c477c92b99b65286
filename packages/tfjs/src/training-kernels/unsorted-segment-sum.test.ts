import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, test } from 'vitest';
import { registerTrainingKernels } from './register.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const sums = async (backend: string, x: tf.Tensor, numbers: number[], count: number): Promise<unknown> => {
  await tf.setBackend(backend);
  const result = tf.unsortedSegmentSum(x, tf.tensor1d(numbers, 'int32'), count);
  return [result.shape, result.dtype, [...(await result.data())]];
};

test('an embedding layer is not trained on wasm without the kernel, and is with it', async () => {
  const loss = (): tf.Scalar => tf.sum(tf.square(tf.gather(weights, tf.tensor1d([1, 1, 0], 'int32'))));
  const weights = tf.variable(tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]));
  expect(() => tf.variableGrads(loss)).toThrow(/UnsortedSegmentSum/);
  registerTrainingKernels('wasm');
  const { grads } = tf.variableGrads(loss);
  // Twice the row, for each time that it was taken.
  expect([...(await grads[weights.name]!.data())]).toEqual([2, 4, 12, 16, 0, 0]);

  const model = tfl.sequential({
    layers: [tfl.layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 2 }), tfl.layers.flatten()],
  });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const before = [...(await model.getWeights()[0]!.data())];
  await model.fit(tf.tensor2d([[0, 3]]), tf.ones([1, 6]), { verbose: 0 });
  const after = [...(await model.getWeights()[0]!.data())];
  const moved = after.map((value, at) => value !== before[at]);
  expect(moved).toEqual([0, 1, 2, 3, 4].flatMap((row) => new Array(3).fill(row === 0 || row === 3)));
});

test.each<[string, number[], number[], number]>([
  ['a row', [3], [0, 2, 0], 4],
  ['rows of two axes', [4, 2, 3], [1, 1, 0, 2], 3],
  ['numbers out of range', [3, 2], [-1, 5, 1], 3],
  ['no row', [0, 2], [], 2],
  ['sizes 7 and 41', [41, 7], Array.from({ length: 41 }, (_, n) => (n * 5) % 11), 11],
])('sums %s as the cpu backend does', async (_, shape, numbers, count) => {
  registerTrainingKernels('wasm');
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => (n % 13) - 6);
  const x = (): tf.Tensor => tf.tensor(values, shape);
  await tf.setBackend('cpu');
  const expected = await sums('cpu', x(), numbers, count);
  await tf.setBackend('wasm');
  expect(await sums('wasm', x(), numbers, count)).toEqual(expected);
});
