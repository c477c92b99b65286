import { describe, expect, test } from 'vitest';
import { CfError } from '../errors/cf-error.ts';
import { arcFace } from '../losses/arc-face.ts';
import { curricularFace } from '../losses/curricular-face.ts';
import { elasticArcFace } from '../losses/elastic-face.ts';
import { softmax } from '../losses/softmax.ts';
import type { LossState } from '../state/loss-state.ts';
import { checkInput, requireFiniteTensor } from './check-input.ts';
import type { HeadInput } from './contract.ts';

const good: HeadInput = {
  embeddings: Float64Array.of(1, 2, 3, 4, 5, 6),
  weights: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1),
  labels: [0, 3],
  dim: 3,
};

function errorOf(run: () => unknown): CfError {
  try {
    run();
  } catch (error) {
    if (error instanceof CfError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a good batch', () => {
  test('is returned with every default filled in', () => {
    const checked = checkInput(arcFace(), good);
    expect(checked).toMatchObject({ batch: 2, classes: 4, dim: 3, mode: 'train' });
    expect(checked.labels).toEqual(Int32Array.of(0, 3));
    expect(checked.sampleWeights).toEqual(Float64Array.of(1, 1));
    expect(Array.from(checked.sampleKeys)).toEqual([0, 1]);
    expect(checked.state).toEqual({ loss: 'arcface', values: { step: 0 } });
  });

  test('labels may be big integers and floats that are integers, and names are told as names', () => {
    for (const labels of [BigInt64Array.of(0n, 3n), Float32Array.of(0, 3), ['0', 3].map(Number)])
      expect(checkInput(arcFace(), { ...good, labels: labels as never }).labels).toEqual(Int32Array.of(0, 3));
    const run = (labels: unknown): unknown => checkInput(arcFace(), { ...good, labels: labels as never });
    expect(() => run(['anna', 'ben'])).toThrow(
      /^labels\[0\] = 'anna', expected an integer.*\n.*buildLabelMap/s,
    );
    expect(() => run(BigInt64Array.of(0n, 4n))).toThrow(/^labels\[1\] = 4, expected 0 ≤ label < 4/);
    expect(() => run([0, undefined])).toThrow(/^labels\[1\] = undefined, expected an integer/);
  });

  test('may come as float32, typed labels and weights of 0', () => {
    const input: HeadInput = {
      ...good,
      embeddings: Float32Array.from(good.embeddings),
      labels: Uint8Array.of(0, 3),
      sampleWeights: [0, 2],
    };
    expect(checkInput(arcFace(), input).sampleWeights).toEqual(Float64Array.of(0, 2));
  });

  test('its sample weights are copied', () => {
    const sampleWeights = Float64Array.of(1, 2);
    const checked = checkInput(arcFace(), { ...good, sampleWeights });
    sampleWeights[0] = 9;
    expect(checked.sampleWeights[0]).toBe(1);
  });
});

describe('a bad batch is refused', () => {
  const biased = softmax();
  const cases: readonly [what: string, code: string, message: RegExp, run: () => unknown][] = [
    [
      'dim 0',
      'E_SHAPE',
      /^dim = 0, expected an integer ≥ 1/,
      () => checkInput(arcFace(), { ...good, dim: 0 }),
    ],
    ['dim 1.5', 'E_SHAPE', /^dim = 1.5/, () => checkInput(arcFace(), { ...good, dim: 1.5 })],
    [
      'embeddings too short',
      'E_SHAPE',
      /^embeddings of length 5, expected \[2, 3\] for 2 labels, length 6/,
      () => checkInput(arcFace(), { ...good, embeddings: good.embeddings.subarray(1) }),
    ],
    [
      'no class',
      'E_SHAPE',
      /^weights of length 0, expected \[classes, 3\]/,
      () => checkInput(arcFace(), { ...good, weights: new Float64Array(0) }),
    ],
    ['bias missing', 'E_SHAPE', /^no bias, expected bias \[4\] for softmax/, () => checkInput(biased, good)],
    [
      'bias of another length',
      'E_SHAPE',
      /^bias of length 3, expected \[4\]/,
      () => checkInput(biased, { ...good, bias: new Float64Array(3) }),
    ],
    [
      'an array for the gradient of another size',
      'E_SHAPE',
      /^gradWeights of length 11, expected \[12\]/,
      () => checkInput(arcFace(), { ...good, gradWeights: new Float32Array(11) }),
    ],
    [
      'a bias that is not finite',
      'E_NON_FINITE',
      /^bias\[1\] = NaN/,
      () => checkInput(biased, { ...good, bias: Float64Array.of(0, Number.NaN, 0, 0) }),
    ],
    [
      'sampleKeys of another length',
      'E_SHAPE',
      /^sampleKeys of length 1, expected \[2\]/,
      () => checkInput(arcFace(), { ...good, sampleKeys: [1] }),
    ],
    [
      'draws of another length',
      'E_SHAPE',
      /^draws of length 3, expected \[2\]/,
      () => checkInput(elasticArcFace(), { ...good, draws: [1, 2, 3] }),
    ],
    [
      'draws that are not finite',
      'E_NON_FINITE',
      /^draws\[1\] = Infinity/,
      () => checkInput(elasticArcFace(), { ...good, draws: [1, Number.POSITIVE_INFINITY] }),
    ],
    [
      'a weight that is NaN',
      'E_OPTION_RANGE',
      /^sampleWeights\[1\] = NaN, expected a finite weight ≥ 0/,
      () => checkInput(arcFace(), { ...good, sampleWeights: [1, Number.NaN] }),
    ],
    [
      'a weight that is infinite',
      'E_OPTION_RANGE',
      /^sampleWeights\[0\] = Infinity/,
      () => checkInput(arcFace(), { ...good, sampleWeights: [Number.POSITIVE_INFINITY, 1] }),
    ],
    [
      'a label that is NaN',
      'E_LABEL_RANGE',
      /^labels\[1\] = NaN, expected an integer/,
      () => checkInput(arcFace(), { ...good, labels: [0, Number.NaN] }),
    ],
    [
      'a mode that is neither',
      'E_OPTION_RANGE',
      /^mode = "test", expected "train" or "eval"/,
      () => checkInput(arcFace(), { ...good, mode: 'test' as 'eval' }),
    ],
  ];

  test.each(cases)('%s', (_, code, message, run) => {
    const error = errorOf(run);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('-1 is no label here: only a shard has samples without a target', () => {
    expect(errorOf(() => checkInput(arcFace(), { ...good, labels: [-1, 0] })).code).toBe('E_LABEL_RANGE');
  });

  test('the first bad number is the one that is named', () => {
    const embeddings = Float64Array.of(1, 2, Number.NaN, 4, Number.POSITIVE_INFINITY, 6);
    expect(errorOf(() => checkInput(arcFace(), { ...good, embeddings })).given).toBe('embeddings[2] = NaN');
  });
});

test('checkFinite: false skips embeddings and weights', () => {
  const embeddings = good.embeddings.map(() => Number.NaN);
  expect(() => checkInput(arcFace(), { ...good, embeddings }, { checkFinite: false })).not.toThrow();
});

test('requireFiniteTensor takes the largest and the smallest numbers', () => {
  expect(() => requireFiniteTensor('x', [Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, -0])).not.toThrow();
});

describe('a bad batch that is not refused yet', () => {
  const elastic = elasticArcFace();
  const curricular = curricularFace();
  const state = (value: unknown): LossState => value as LossState;

  test.each<[string, () => unknown]>([
    ['a sample key that is NaN', () => checkInput(elastic, { ...good, sampleKeys: [0, Number.NaN] })],
    ['sample keys between integers', () => checkInput(elastic, { ...good, sampleKeys: [0.2, 0.7] })],
    ['draws for a loss that draws none', () => checkInput(arcFace(), { ...good, draws: [0.5, 0.5] })],
    [
      't out of [−1, 1] in a state',
      () => checkInput(curricular, { ...good, state: { loss: 'curricularface', values: { step: 0, t: 5 } } }),
    ],
    [
      'a state without values',
      () => checkInput(curricular, { ...good, state: state({ loss: 'curricularface' }) }),
    ],
    ['a state of null', () => checkInput(curricular, { ...good, state: state(null) })],
  ])('%s', (_, run) => {
    expect(errorOf(run)).toBeInstanceOf(CfError);
  });
});

describe.each([Float32Array, Float64Array])('requireFiniteTensor of typed numbers', (Numbers) => {
  test.each([
    [5, 0],
    [5, 3],
    [5, 4],
    [6, 5],
    [1, 0],
  ])('of %d finds the one at %d', (length, at) => {
    const values = new Numbers(length).fill(3e38);
    expect(() => requireFiniteTensor('x', values)).not.toThrow();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      values[at] = bad;
      expect(() => requireFiniteTensor('x', values)).toThrow(`x[${at}]`);
    }
  });
});
