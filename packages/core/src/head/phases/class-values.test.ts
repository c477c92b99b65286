import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError, ShapeMismatchError } from '../../errors/errors.ts';
import type { MarginLossParts } from '../../losses/compose-loss.ts';
import { marginLoss } from '../../losses/own-loss.ts';
import { referenceStep } from '../../reference/reference-step.ts';
import type { LossState } from '../../state/loss-state.ts';
import type { HeadInput } from '../contract.ts';
import { classValuesOf } from './class-values.ts';

/** Counts the pictures of each class, and gives rare ones a larger scale. */
const counting: MarginLossParts = {
  name: 'counting',
  scale: 8,
  initialClassValues: { count: 1 },
  stateRanges: { count: [0, 1e9] },
  prepare: (ops, { labels, ofClass }) => {
    const count = ops.add(ofClass.count!, ops.sumOfClass(ops.constant(1), labels));
    const scale = ops.add(ops.constant(4), ops.div(ops.constant(4), count));
    return { sampleValues: {}, next: {}, nextOfClass: { count }, scale };
  },
};

const input: HeadInput = {
  embeddings: Float64Array.of(1, 0, 0.6, 0.8, -1, 2, 0.5, -0.1),
  weights: Float64Array.of(1, 0.1, -0.2, 1, 0.7, 0.7, -1, -1),
  labels: [2, 0, 2, 2],
  dim: 2,
};

describe('values of classes', () => {
  test('are those of the samples’ classes: of tables, at the start, and as they stand', () => {
    const loss = { classValues: { margin: [10, 11, 12] }, initialClassValues: { count: 1 } };
    const labels = Float64Array.of(2, 0);
    expect(classValuesOf(loss, labels, {})).toEqual({
      margin: Float64Array.of(12, 10),
      count: Float64Array.of(1, 1),
    });
    expect(classValuesOf(loss, labels, { classValues: { count: [5, 6, 7] } }).count).toEqual(
      Float64Array.of(7, 5),
    );
  });

  test('move with the samples of their class, and others stay', () => {
    const loss = marginLoss(counting);
    const first = referenceStep(loss, input);
    expect(first.state).toEqual({
      loss: 'counting',
      values: { step: 1 },
      classValues: { count: [2, 1, 4, 1] },
    });
    const second = referenceStep(loss, { ...input, labels: [1, 0, 3, 0], state: first.state });
    expect(second.state.classValues).toEqual({ count: [4, 2, 4, 2] });
    // What came in is as it was.
    expect(first.state.classValues).toEqual({ count: [2, 1, 4, 1] });
  });

  test('give each sample the scale of its class', () => {
    const output = referenceStep(marginLoss(counting), input, { inspect: true });
    const scales = [5, 6, 5, 5];
    for (const [i, scale] of scales.entries()) {
      const plain = referenceStep(marginLoss({ name: 'plain', scale }), input, { inspect: true });
      const row = (logits: ArrayLike<number>): number[] => Array.from(logits).slice(4 * i, 4 * i + 4);
      expect(row(output.inspection!.logits)).toEqual(row(plain.inspection!.logits));
      expect(output.losses[i]).toBe(plain.losses[i]);
    }
  });

  test('do not move in evaluation, from the start nor later', () => {
    const loss = marginLoss(counting);
    expect(referenceStep(loss, { ...input, mode: 'eval' }).state).toEqual({
      loss: 'counting',
      values: { step: 0 },
    });
    const { state } = referenceStep(loss, input);
    expect(referenceStep(loss, { ...input, state, mode: 'eval' }).state).toEqual(state);
  });

  test('of a state of other classes, of none, or out of range are refused', () => {
    const loss = marginLoss(counting);
    const at = (classValues?: LossState['classValues']): HeadInput => ({
      ...input,
      state: { loss: 'counting', values: { step: 1 }, ...(classValues && { classValues }) } as LossState,
    });
    expect(() => referenceStep(loss, at({ count: [1, 2, 3] }))).toThrow(ShapeMismatchError);
    expect(() => referenceStep(loss, at({ count: [1, 2, 3] }))).toThrow(
      /^count of length 3 in counting, expected \[4\]/,
    );
    expect(() => referenceStep(loss, at())).toThrow(
      /^a state with {}, expected the classValues {count} of 'counting'/,
    );
    expect(() => referenceStep(loss, at({ count: [1, -2, 3, 4] }))).toThrow(/^state\.count\[1\] = -2/);
    expect(() => referenceStep(loss, at({ count: [1, 2, Number.NaN, 4] }))).toThrow(
      /^state\.count\[2\] = NaN/,
    );
    const plain = marginLoss({ name: 'counting' });
    expect(() => referenceStep(plain, at({ count: [1, 1, 1, 1] }))).toThrow(/^a state with {count}/);
  });

  test('that differ within a class are refused by name', () => {
    const loss = marginLoss({
      ...counting,
      prepare: (_, { cosTarget }) => ({ sampleValues: {}, next: {}, nextOfClass: { count: cosTarget } }),
    });
    expect(() => referenceStep(loss, input)).toThrow(OptionOutOfRangeError);
    expect(() => referenceStep(loss, input)).toThrow(
      /^nextOfClass\.count of counting = .*, expected one number for all samples of class 2/,
    );
  });

  test.each<[string, Partial<MarginLossParts>, RegExp]>([
    [
      'that prepare does not give',
      { prepare: () => ({ sampleValues: {}, next: {} }) },
      /^prepare: nextOfClass/,
    ],
    ['of the name of a state', { initialValues: { count: 0 } }, /^initialClassValues = "count"/],
    ['of the name of a table', { classValues: { count: [1] } }, /^initialClassValues = "count"/],
    [
      'that start out of their range',
      { initialClassValues: { count: -1 } },
      /^initialClassValues\.count = -1/,
    ],
  ])('%s are refused', (_, parts, message) => {
    expect(() => marginLoss({ ...counting, ...parts })).toThrow(message);
  });
});
