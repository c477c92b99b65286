import { ShapeMismatchError } from '@cf/core';
import { expect, test } from 'vitest';
import { normalisedEmbedding, smallNet } from '../testing.ts';
import { requireSeveralValues, smallestBatch } from './smallest-batch.ts';
import { trainingForm } from './training-form.ts';

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
