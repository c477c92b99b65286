import { adaFace, arcFace, createLoss, curricularFace, type MarginLoss, marginLoss } from '@cf/core';
import { describe, expect, test } from 'vitest';
import type { NamedTensors } from '../learner/named-tensors.ts';
import { type FirstStateOptions, firstHeadState } from '../loop/training-state.ts';
import { sgd } from '../optimiser/sgd.ts';
import { headOfPublished, publishedHead } from './published-head.ts';

const optionsOf = (loss: MarginLoss, subCenters = 1): FirstStateOptions => ({
  loss,
  classes: ['a', 'b', 'c'],
  subCenters,
  embeddingSize: 2,
  rule: sgd(),
  seed: 1,
});

const ofClasses = marginLoss({
  name: 'of-classes',
  initialClassValues: { r: 0.5 },
  prepare: (_, { ofClass }) => ({ sampleValues: {}, next: {}, nextOfClass: { r: ofClass.r! } }),
});

const shapesOf = (tensors: NamedTensors): object =>
  Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, [shape, data.length]]));

describe('a head by published names', () => {
  test.each([
    ['t of CurricularFace', curricularFace(), 'kernel', { kernel: [[2, 3], 6], t: [[1], 1] }],
    [
      'the statistics of AdaFace',
      adaFace(),
      'kernel',
      { kernel: [[2, 3], 6], batch_mean: [[1], 1], batch_std: [[1], 1] },
    ],
    ['the rows of ArcFace', arcFace(), 'weight', { weight: [[3, 2], 6] }],
    ['a bias', createLoss('softmax'), 'weight', { weight: [[3, 2], 6], bias: [[3], 3] }],
  ] as const)('has %s', (_, loss, as, shapes) => {
    expect(shapesOf(publishedHead(firstHeadState(optionsOf(loss)), as))).toEqual(shapes);
  });

  test.each([
    [curricularFace({ tInitial: 0.25 }), 'kernel', 1],
    [adaFace(), 'weight', 1],
    [arcFace(), 'weight', 3],
    [createLoss('softmax'), 'kernel', 1],
    [createLoss('uniface'), 'weight', 1],
  ] as const)('comes back as it was: %#', (loss, as, subCenters) => {
    const options = optionsOf(loss, subCenters);
    const state = firstHeadState({ ...options, seed: 2 });
    const back = headOfPublished(publishedHead(state, as), options);
    expect(back).toEqual(state);
  });

  test('keeps what a loss carries of classes', () => {
    const options = optionsOf(ofClasses);
    const lossState = { loss: 'of-classes', values: { step: 7 }, classValues: { r: [0.5, 0.25, 1] } };
    const tensors = publishedHead({ ...firstHeadState(options), lossState }, 'weight');
    expect(headOfPublished(tensors, options).lossState).toEqual({ ...lossState, values: { step: 0 } });
  });

  test('lies in columns as kernel', () => {
    const state = firstHeadState(optionsOf(arcFace()));
    const [rows, { kernel }] = [state.centers.values, Object.fromEntries(publishedHead(state, 'kernel'))];
    expect([...kernel!.data]).toEqual([0, 2, 4, 1, 3, 5].map((at) => rows[at]));
  });

  test('takes a buffer that is a scalar, as torch.tensor(0.5) is', () => {
    const options = optionsOf(curricularFace());
    const tensors = new Map(publishedHead(firstHeadState(options), 'kernel'));
    tensors.set('t', { shape: [], data: Float32Array.of(0.5) });
    expect(headOfPublished(tensors, options).lossState.values.t).toBe(0.5);
  });

  test('is refused with what is wrong', () => {
    const options = optionsOf(curricularFace());
    const tensors = publishedHead(firstHeadState(options), 'kernel');
    const without = (name: string): NamedTensors => new Map([...tensors].filter(([key]) => key !== name));
    expect(() => headOfPublished(without('t'), options)).toThrow(/^no tensor 't', expected 't' \[1\]/);
    expect(() => headOfPublished(without('kernel'), options)).toThrow(/^no tensor 'weight'/);
    expect(() => headOfPublished(tensors, { ...options, classes: 4 })).toThrow(
      /^3 class centers: 'kernel' \[2, 3\], expected 4 classes: 'kernel' \[2, 4\]/,
    );
    expect(() => headOfPublished(tensors, { ...options, subCenters: 2 })).toThrow(
      /expected 3 classes with 2 centers each: 'kernel' \[2, 6\]/,
    );
    expect(() => headOfPublished(tensors, { ...options, embeddingSize: 4 })).toThrow(
      /^class centers of length 2: 'kernel' \[2, 3\], expected length 4, .*: 'kernel' \[4, 3\]/,
    );
    const given = (name: string, shape: readonly number[], value = 1): NamedTensors => {
      const length = shape.reduce((product, size) => product * size, 1);
      return new Map([...tensors, [name, { shape, data: new Float32Array(length).fill(value) }]]);
    };
    expect(() => headOfPublished(given('kernel', [3, 2]), options)).toThrow(
      /^'kernel' \[3, 2\], the other way round, expected 'kernel' \[2, 3\]\.\nFix: transpose it, or call it 'weight'/,
    );
    expect(() => headOfPublished(given('kernel', [6]), options)).toThrow(/^'kernel' \[6\], expected/);
    expect(() => headOfPublished(given('kernel', [2, 3], Number.NaN), options)).toThrow(/^kernel\[0\] = NaN/);
    expect(() => headOfPublished(given('t', [2]), options)).toThrow(/^'t' \[2\], expected 't' \[1\]/);
    expect(() => headOfPublished(given('t', [1], 7), options)).toThrow(/^state\.t = 7, expected/);
    expect(() => headOfPublished(tensors, optionsOf(arcFace()))).toThrow(/^tensor of a head of arcface 't'/);
    const strange = new Map([...tensors, ['kernal', { shape: [1], data: Float32Array.of(1) }] as const]);
    expect(() => headOfPublished(strange, options)).toThrow(/kernel/);
    expect(() => publishedHead(firstHeadState(optionsOf(arcFace(), 2)), 'kernel')).toThrow(/^as = "kernel"/);
    expect(() => publishedHead(firstHeadState(options), 'centers' as 'kernel')).toThrow(/^as = "centers"/);
  });
});
