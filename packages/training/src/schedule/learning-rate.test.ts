import { OptionOutOfRangeError } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { learningRateAt, SCHEDULE_NAMES, type Schedule } from './learning-rate.ts';

const rates = (changes: Partial<Schedule>, steps: readonly number[]): number[] =>
  steps.map((step) => learningRateAt(step, { name: 'constant', base: 2, totalSteps: 100, ...changes }));

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  actual.forEach((rate, i) => {
    expect(rate).toBeCloseTo(expected[i]!, 12);
  });
}

test('constant stays at its base', () => {
  expect(rates({}, [0, 50, 99, 1000])).toEqual([2, 2, 2, 2]);
});

test('step drops to a tenth at 56, 76 and 92 percent', () => {
  const steps = [0, 55, 56, 75, 76, 91, 92, 99];
  expectClose(rates({ name: 'step' }, steps), [2, 2, 0.2, 0.2, 0.02, 0.02, 0.002, 0.002]);
  const halves = { name: 'step', drops: [0.1, 0.5], dropFactor: 0.5 } as const;
  expectClose(rates(halves, [9, 10, 49, 50, 100]), [2, 1, 1, 0.5, 0.5]);
});

test('polynomial falls to its end', () => {
  expectClose(rates({ name: 'polynomial' }, [0, 50, 90, 100, 120]), [2, 0.5, 0.02, 0, 0]);
  expectClose(rates({ name: 'polynomial', power: 1, final: 1 }, [0, 25, 100]), [2, 1.75, 1]);
});

test('cosine falls along half a cosine', () => {
  expectClose(rates({ name: 'cosine' }, [0, 25, 50, 100, 150]), [2, 1 + Math.SQRT1_2, 1, 0, 0]);
  expectClose(rates({ name: 'cosine', final: 1 }, [0, 50, 100]), [2, 1.5, 1]);
});

describe.each(SCHEDULE_NAMES)('%s', (name) => {
  test('rises linearly at first, and is at its base right after', () => {
    expect(rates({ name, warmupSteps: 4 }, [0, 1, 2, 3, 4])).toEqual([0.5, 1, 1.5, 2, 2]);
  });

  test('gives all steps after the warm-up to the fall', () => {
    const late = rates({ name, warmupSteps: 20, drops: [] }, [60])[0];
    const early = rates({ name, drops: [] }, [50])[0];
    expect(late).toBeCloseTo(early!, 14);
  });

  test('is between 0 and its base and never rises after the warm-up', () => {
    const sizes = fc.record({
      totalSteps: fc.integer({ min: 1, max: 500 }),
      warmupSteps: fc.integer({ min: 0, max: 600 }),
      step: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(sizes, ({ step, ...size }) => {
        const [now, next] = rates({ name, ...size }, [step, step + 1]) as [number, number];
        expect(now).toBeGreaterThanOrEqual(0);
        expect(now).toBeLessThanOrEqual(2);
        if (step >= size.warmupSteps) expect(next).toBeLessThanOrEqual(now);
      }),
    );
  });
});

test.each<[string, Partial<Schedule>]>([
  ['name', { name: 'linear' as 'step' }],
  ['base', { base: Number.NaN }],
  ['base', { base: -1 }],
  ['totalSteps', { totalSteps: 0 }],
  ['warmupSteps', { warmupSteps: 1.5 }],
  ['power', { name: 'polynomial', power: Number.NaN }],
  ['final', { final: Number.POSITIVE_INFINITY }],
  ['dropFactor', { dropFactor: 2 }],
  ['drops', { drops: [0.5, 0.2] }],
  ['drops', { drops: [Number.NaN] }],
])('names the setting out of range: %s', (option, changes) => {
  expect(() => rates(changes, [0])).toThrow(OptionOutOfRangeError);
  expect(() => rates(changes, [0])).toThrow(new RegExp(`${option} = `));
});

test('a step before the first is an error', () => {
  expect(() => rates({}, [-1])).toThrow(/step = -1/);
});
