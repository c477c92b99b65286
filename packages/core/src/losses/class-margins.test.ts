import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError, ShapeMismatchError } from '../errors/errors.ts';
import type { HeadInput } from '../head/contract.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { arcFace } from './arc-face.ts';
import { cosFace } from './cos-face.ts';
import { curricularFace } from './curricular-face.ts';
import { dynamicArcFace } from './dynamic-arc-face.ts';
import { createLoss } from './registry.ts';

const input: HeadInput = {
  embeddings: Float64Array.of(1, 2, 0.5, -1, -3, 0.2),
  weights: Float64Array.of(1, 0, 0.3, 1, -1, 1),
  labels: [0, 2, 1],
  dim: 2,
};
const targetsOf = (loss: ReturnType<typeof arcFace>): number[] => {
  const { inspection } = referenceStep(loss, input, { inspect: true });
  return Array.from(input.labels, (label, i) => inspection!.logits[3 * i + label]!);
};

describe('a table of margins gives each sample that of its class', () => {
  const table = [0.1, 0.5, 0.9];
  test.each([
    ['arcFace', arcFace],
    ['cosFace', cosFace],
    ['curricularFace', curricularFace],
  ])('%s', (_, make) => {
    const alone = table.map((margin) => targetsOf(make({ margin })));
    const expected = Array.from(input.labels, (label, i) => alone[label]![i]!);
    for (const margin of [table, Float64Array.from(table)]) {
      for (const [i, logit] of targetsOf(make({ margin })).entries())
        expect(logit).toBeCloseTo(expected[i]!, 12);
    }
  });

  test('and is copied: what becomes of the caller’s does not matter', () => {
    const margin = [...table];
    const loss = arcFace({ margin });
    const before = targetsOf(loss);
    margin.fill(0);
    expect(targetsOf(loss)).toEqual(before);
  });
});

describe('Dynamic ArcFace', () => {
  test('m_c = a·n_c^−λ + b', () => {
    const counts = [1, 16, 81];
    const { classValues } = dynamicArcFace({ counts, a: 0.6, b: 0.1, lambda: 0.25 });
    const expected = [0.7, 0.4, 0.3];
    for (const [c, margin] of expected.entries()) expect(classValues.margin![c]).toBeCloseTo(margin, 14);
    expect(targetsOf(dynamicArcFace({ counts, a: 0.6, b: 0.1 }))).toEqual(
      targetsOf(arcFace({ margin: Array.from(classValues.margin!) })),
    );
    const same = dynamicArcFace({ counts, lambda: 0, a: 0.3, b: 0.2 }).classValues.margin!;
    expect(Array.from(same)).toEqual([0.5, 0.5, 0.5]);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'a class of %d pictures is named',
    (count) => {
      const run = (): unknown => dynamicArcFace({ counts: [5, 3, count, 2] });
      expect(run).toThrow(OptionOutOfRangeError);
      expect(run).toThrow(new RegExp(`^counts\\[2\\] = ${count}, expected an integer ≥ 1`));
      expect(run).toThrow(/leave classes without pictures out/);
    },
  );

  test.each([-1e-9, 1.0000001, Number.NaN])('λ = %d is outside 0 … 1', (lambda) => {
    expect(() => dynamicArcFace({ counts: [1], lambda, unsafe: true })).toThrow(/^lambda = .*0 ≤ lambda ≤ 1/);
  });

  test('a margin that comes out past π is refused', () => {
    expect(() => dynamicArcFace({ counts: [4000, 1], a: 3.1 })).toThrow(/^a \+ b = 3.15/);
  });

  test('counts come as an option, or with the data, below a weighting too', () => {
    const classCounts = Int32Array.of(1, 16, 81);
    const { classValues } = dynamicArcFace({ counts: classCounts });
    expect(createLoss('dynamic-arcface', {}, { classCounts }).classValues).toEqual(classValues);
    expect(createLoss('dynamic-arcface', { counts: classCounts }).classValues).toEqual(classValues);
    const parameters = { base: { loss: 'dynamic-arcface' } };
    expect(createLoss('focal', parameters, { classCounts }).classValues).toEqual(classValues);
    expect(() => createLoss('dynamic-arcface')).toThrow(/^counts = undefined, .*number of pictures/s);
    expect(() => createLoss('dynamic-arcface', { counts: [] })).toThrow(/^counts = \[\], /);
    expect(() => createLoss('dynamic-arcface', { counts: {} })).toThrow(/^counts = \{\}, /);
  });
});

describe('a table is refused', () => {
  test.each([
    [dynamicArcFace({ counts: [1, 2, 3, 4] }), 'margin of length 4 in dynamic-arcface, expected [3]'],
    [arcFace({ margin: [0.5, 0.5] }), 'margin of length 2 in arcface, expected [3]'],
    [cosFace({ margin: [0.5] }), 'margin of length 1 in cosface, expected [3]'],
  ])('with another number of classes: %#', (loss, message) => {
    expect(() => referenceStep(loss, input)).toThrow(ShapeMismatchError);
    expect(() => referenceStep(loss, input)).toThrow(message);
  });

  test('with a margin outside its domain, by class; `unsafe` opens what it opens for one', () => {
    expect(() => arcFace({ margin: [0.5, -0.1] })).toThrow(/^margin\[1\] = -0.1, .*set unsafe to true/s);
    expect(() => arcFace({ margin: [0.5, -0.1], unsafe: true })).not.toThrow();
    expect(() => arcFace({ margin: [28.6], unsafe: true })).toThrow(/^margin\[0\] = 28.6, .*in radians/s);
    expect(() => cosFace({ margin: [0.5, 2.1] })).toThrow(/^margin\[1\] = 2.1/);
    expect(() => cosFace({ margin: [Number.NaN] })).toThrow(/^margin\[0\] = NaN/);
  });

  test.each([[[]], [{}], [{ kind: 'cosine', margin: 0.3 }], [null]])('where there is none: %j', (margin) => {
    for (const make of [arcFace, cosFace]) {
      const run = (): unknown => make({ margin: margin as unknown as number[] });
      expect(run).toThrow(OptionOutOfRangeError);
      expect(run).toThrow(Array.isArray(margin) ? /^margin = .*a table of at least one class/ : /^margin = /);
    }
  });
});
