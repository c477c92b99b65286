import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NonFiniteError, OptionOutOfRangeError } from '../errors/errors.ts';
import {
  CURRICULUM_SHAPES,
  type CurriculumPace,
  curriculumOrder,
  curriculumShare,
  curriculumSubset,
} from './classic-curriculum.ts';

describe('curriculumOrder', () => {
  test('easiest first, ties in their order: a permutation by insertion sort', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 40 }), (difficulty) => {
        const expected: number[] = [];
        difficulty.forEach((hardness, i) => {
          let at = expected.length;
          while (at > 0 && difficulty[expected[at - 1]!]! > hardness) at--;
          expected.splice(at, 0, i);
        });
        expect(Array.from(curriculumOrder(difficulty))).toEqual(expected);
      }),
    );
  });

  test('a difficulty that is not finite is named', () => {
    expect(() => curriculumOrder([1, Number.NaN])).toThrow(NonFiniteError);
    expect(() => curriculumOrder(Float32Array.of(1, 2, Number.POSITIVE_INFINITY))).toThrow(
      /^difficulty\[2\]/,
    );
  });
});

describe('curriculumShare', () => {
  test('linear: from start to 1 in growSteps steps', () => {
    const pace = { start: 0.25, growSteps: 100 };
    expect([0, 50, 100, 1000].map((step) => curriculumShare(step, pace))).toEqual([0.25, 0.625, 1, 1]);
  });

  test('root: the square grows evenly', () => {
    const pace: CurriculumPace = { start: 0.2, growSteps: 10, shape: 'root' };
    for (let step = 0; step <= 10; step++) {
      const squared = curriculumShare(step, pace) ** 2;
      expect(squared).toBeCloseTo(0.04 + (0.96 * step) / 10, 14);
    }
  });

  test('defaults: a fifth at first, everything after 1000 steps', () => {
    expect(curriculumShare(0)).toBe(0.2);
    expect(curriculumShare(1000)).toBe(1);
    expect(curriculumShare(999)).toBeLessThan(1);
  });

  test('never falls', () => {
    const shape = fc.constantFrom(...CURRICULUM_SHAPES);
    const start = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(shape, start, fc.nat(2000), (kind, from, step) => {
        const pace = { start: from, shape: kind };
        expect(curriculumShare(step + 1, pace)).toBeGreaterThanOrEqual(curriculumShare(step, pace));
      }),
    );
  });

  test.each<[CurriculumPace, number, RegExp]>([
    [{ start: 0 }, 0, /^start = 0/],
    [{ start: 1.1 }, 0, /^start = 1.1/],
    [{ growSteps: 0 }, 0, /^growSteps = 0/],
    [{ shape: 'square' as 'root' }, 0, /^shape = "square"/],
    [{}, -1, /^step = -1/],
    [{}, Number.NaN, /^step = NaN/],
  ])('refuses %j at step %d', (pace, step, message) => {
    expect(() => curriculumShare(step, pace)).toThrow(OptionOutOfRangeError);
    expect(() => curriculumShare(step, pace)).toThrow(message);
  });
});

describe('curriculumSubset', () => {
  const order = curriculumOrder([5, 1, 4, 2, 3, 0, 7, 6]);

  test('is the easiest share of the order, rounded up, at least one', () => {
    expect(Array.from(curriculumSubset(order, 0, { start: 0.25 }))).toEqual([5, 1]);
    expect(Array.from(curriculumSubset(order, 0, { start: 0.26 }))).toEqual([5, 1, 3]);
    expect(Array.from(curriculumSubset(order, 0, { start: 1e-9 }))).toEqual([5]);
    expect(curriculumSubset(order, 1000)).toEqual(order);
  });

  test('only grows', () => {
    for (let step = 0; step < 1000; step += 50) {
      const now = Array.from(curriculumSubset(order, step));
      expect(Array.from(curriculumSubset(order, step + 50)).slice(0, now.length)).toEqual(now);
    }
  });

  test('three fifths of ten are six', () => {
    const ten = curriculumOrder([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(curriculumSubset(ten, 500, { start: 0.2, growSteps: 1000 })).toHaveLength(6);
  });
});
