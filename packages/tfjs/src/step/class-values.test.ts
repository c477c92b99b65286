import { type HeadInput, type LossState, marginLoss, referenceStep } from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { assignState, marginHead, stateFromTensors, stateVariables, tfjsBackend } from '../index.ts';
import { MarginHead } from '../layers.ts';

/** Counts the pictures of each class, follows its cosine, and gives each class a scale of its own. */
const loss = marginLoss({
  name: 'of-classes',
  initialClassValues: { count: 1, mean: 0.25 },
  prepare: (ops, { cosTarget, labels, ofClass }) => {
    const own = ops.sumOfClass(ops.constant(1), labels);
    const mean = ops.div(
      ops.add(ofClass.mean!, ops.sumOfClass(cosTarget, labels)),
      ops.add(own, ops.constant(1)),
    );
    const scale = ops.add(ops.constant(4), ofClass.count!);
    return { sampleValues: {}, next: {}, nextOfClass: { count: ops.add(ofClass.count!, own), mean }, scale };
  },
});

const [BATCH, CLASSES, DIM] = [6, 4, 3];
const numbers = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * i + seed));
const input: HeadInput & { readonly embeddings: Float32Array; readonly weights: Float32Array } = {
  embeddings: numbers(BATCH * DIM, 1),
  weights: numbers(CLASSES * DIM, 2),
  labels: [2, 0, 2, 2, 3, 0],
  dim: DIM,
};

function requireSame(actual: LossState, expected: LossState): void {
  expect(actual.values).toEqual(expected.values);
  for (const [name, values] of Object.entries(expected.classValues!))
    values.forEach((value, c) => {
      expect(actual.classValues![name]![c], `${name}[${c}]`).toBeCloseTo(value, 5);
    });
}

test.each(['cpu', 'wasm'])(
  'what a loss carries of classes moves as in the reference, on %s',
  async (name) => {
    if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
    const head = await (await tfjsBackend({ backend: name })).createHead(loss);
    let state: LossState | undefined;
    for (const labels of [input.labels, [1, 0, 3, 0, 1, 1]]) {
      const given = { ...input, labels, state };
      const expected = referenceStep(loss, given);
      const actual = await head.step(given);
      expect(actual.loss).toBeCloseTo(expected.loss, 5);
      requireSame(actual.state, expected.state);
      ({ state } = expected);
    }
    const seen = await head.step({ ...input, state, mode: 'eval' });
    expect(seen.state).toEqual(state);
    await expect(head.step({ ...input, weights: numbers(5 * DIM, 2), state })).rejects.toThrow(
      /^count of length 4 in of-classes, expected \[5\]/,
    );
  },
);

test('tensors of a state have one entry a class', async () => {
  await tf.setBackend('cpu');
  const state = stateVariables(loss, undefined, CLASSES);
  expect(state.count!.shape).toEqual([CLASSES]);
  expect(() => stateVariables(loss)).toThrow(/^classes = undefined/);
  const batch = {
    embeddings: tf.tensor2d(input.embeddings, [BATCH, DIM]),
    weights: tf.tensor2d(input.weights, [CLASSES, DIM]),
    labels: tf.tensor1d(Int32Array.from(input.labels), 'int32'),
  };
  const head = marginHead(loss);
  for (const of of [{ ...batch, state }, batch]) {
    const { nextState } = head.apply(of);
    requireSame(await stateFromTensors(loss, nextState), referenceStep(loss, input).state);
    if ('state' in of) assignState(state, nextState);
  }
  requireSame(await stateFromTensors(loss, state), referenceStep(loss, input).state);
  expect(() => head.apply({ ...batch, state: { ...state, count: tf.ones([3]) } })).toThrow(
    /expected scalars {step} of 'of-classes' and {count, mean}, \[4\] each/,
  );
});

test('a layer holds them as weights, and takes them from a state', async () => {
  await tf.setBackend('cpu');
  const layer = new MarginHead({ classes: CLASSES, loss });
  layer.apply(tf.zeros([1, DIM]));
  const names = layer.weights.map(({ originalName, shape }) => [originalName.split('/').at(-1), shape]);
  expect(names).toContainEqual(['state_count', [CLASSES]]);
  expect((await layer.readState()).classValues).toEqual({
    count: [1, 1, 1, 1],
    mean: [0.25, 0.25, 0.25, 0.25],
  });
  const state = {
    loss: 'of-classes',
    values: { step: 2 },
    classValues: { count: [1, 2, 3, 4], mean: [0, 0, 0, 1] },
  };
  layer.writeState(state);
  expect(await layer.readState()).toEqual(state);
  expect(() => layer.writeState({ ...state, classValues: { count: [1], mean: [1] } })).toThrow(
    /^count of length 1/,
  );
});
