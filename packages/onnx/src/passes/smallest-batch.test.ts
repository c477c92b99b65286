import { ShapeMismatchError } from '@cf/core';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Model } from '../model/model.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { requireSeveralValues, smallestBatch } from './smallest-batch.ts';
import { smallNet } from './testing.ts';
import { trainingForm } from './training-form.ts';

function normalisedEmbedding(): Model {
  const net = new GraphBuilder();
  const weights = ['scale', 'shift', 'mean', 'variance'].map((name, i) =>
    net.initializer(
      name,
      randomTensor('float32', [4], i, (u) => u + 0.5),
    ),
  );
  const x = net.input('data', 'float32', ['N', 4]);
  net.op('BatchNormalization', [x, ...weights], {}, { name: 'last', outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 4]);
  return net.build();
}

test('a normalisation over the batch alone needs two samples', () => {
  const form = trainingForm(normalisedEmbedding());
  expect(smallestBatch(form)).toBe(2);
  expect(() => requireSeveralValues(form.model, [1, 4])).toThrow(ShapeMismatchError);
  expect(() => requireSeveralValues(form.model, [1, 4])).toThrow(/'last'/);
  expect(() => requireSeveralValues(form.model, [2, 4])).not.toThrow();
});

test('one sample is enough with several positions, or with running statistics', () => {
  expect(smallestBatch(trainingForm(smallNet()))).toBe(1);
  expect(smallestBatch(normalisedEmbedding())).toBe(1);
});
