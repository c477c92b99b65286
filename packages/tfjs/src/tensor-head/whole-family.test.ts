import { arcFace, bceFace, type HeadInput, type MarginLoss, referenceStep, sphereFace2 } from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { marginHead, type TensorHeadInput, tfjsBackend } from '../index.ts';

beforeAll(async () => {
  await tfjsBackend();
});

test('no gradients of operations are registered here: the head has its own', () => {
  expect(tf.getGradient('Multiply')).toBeUndefined();
});

const [B, C, D] = [5, 6, 4];
const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * i * 1.7 + seed));

function problem({ bias }: MarginLoss, subCenters: number): HeadInput {
  return {
    embeddings: numbers(B * D, 1),
    weights: numbers(C * subCenters * D, 2),
    labels: Int32Array.of(0, 3, 5, 3, 1),
    dim: D,
    ...(bias ? { bias: numbers(bias.of === 'each class' ? C : 1, 3) } : {}),
  };
}

function onDevice({ embeddings, weights, labels, bias }: HeadInput): TensorHeadInput {
  return {
    embeddings: tf.tensor2d(embeddings as Float32Array, [B, D]),
    weights: tf.tensor2d(weights as Float32Array, [weights.length / D, D]),
    labels: tf.tensor1d(labels as Int32Array, 'int32'),
    ...(bias ? { bias: tf.tensor1d(bias as Float32Array) } : {}),
  };
}

test.each([
  ['one bias for all', sphereFace2({ scale: 8 })],
  ['a bias a class', bceFace({ scale: 8 })],
])('sub-centers with %s are differentiated as the reference does', (_name, loss) => {
  const input = problem(loss, 3);
  const expected = referenceStep(loss, input, { subCenters: 3 });
  tf.tidy(() => {
    const { embeddings, weights, bias, labels } = onDevice(input);
    const head = marginHead(loss, { subCenters: 3, tileSize: 4 });
    const gradients = tf.grads((...[x, w, b]) => {
      const varied = { embeddings: x as tf.Tensor2D, weights: w as tf.Tensor2D, bias: b as tf.Tensor1D };
      return head.apply({ ...varied, labels }).loss;
    })([embeddings, weights, bias!]);
    const reference = [expected.gradEmbeddings, expected.gradWeights, expected.gradBias!];
    for (const [i, values] of reference.entries()) {
      const actual = gradients[i]!.dataSync();
      expect(actual).toHaveLength(values.length);
      for (const [j, value] of values.entries()) expect(actual[j]).toBeCloseTo(value, 4);
    }
  });
});

test.each([
  ['no whole number of classes', arcFace(), { weights: tf.zeros([C + 1, D]) }, 'weights [7, 4]'],
  ['a bias a class where all share one', sphereFace2(), { bias: tf.zeros([C]) }, 'bias [6]'],
  ['no bias', sphereFace2(), { bias: undefined }, 'no bias'],
  ['one bias where each class has its own', bceFace(), { bias: tf.zeros([1]) }, 'bias [1]'],
  ['a table of more classes', arcFace({ margin: [0.1, 0.2] }), {}, 'margin of length 2 in arcface'],
])('%s', (_name, loss, change, given) => {
  tf.tidy(() => {
    const batch = { ...onDevice(problem(loss, 2)), ...change } as TensorHeadInput;
    expect(() => marginHead(loss, { subCenters: 2 }).apply(batch)).toThrow(
      expect.objectContaining({ code: 'E_SHAPE', given }) as never,
    );
  });
});

test('the check knows sub-centers', async () => {
  const loss = arcFace();
  const head = marginHead(loss, { subCenters: 2 });
  await expect(head.check(onDevice(problem(loss, 2)))).resolves.toBeUndefined();
  const labels = tf.tensor1d([0, 1, 2, 3, C], 'int32');
  await expect(head.check({ ...onDevice(problem(loss, 2)), labels })).rejects.toMatchObject({
    code: 'E_LABEL_RANGE',
    index: 4,
  });
});

test.each([0, 1.5, -1])('subCenters = %d', (subCenters) => {
  expect(() => marginHead(arcFace(), { subCenters })).toThrow(
    expect.objectContaining({ code: 'E_OPTION_RANGE', option: 'subCenters' }) as never,
  );
});
