import { describe, expect, test } from 'vitest';
import {
  requireAngle,
  requireChoice,
  requireFinite,
  requireInteger,
  requireNonNegative,
  requirePositive,
  requireRange,
} from './check-options.ts';
import { OptionOutOfRangeError } from './errors.ts';

const INFINITE = Number.POSITIVE_INFINITY;

/** What each check lets through and what it refuses, bounds included. */
const CHECKS: readonly {
  readonly name: string;
  readonly check: (value: number) => void;
  readonly good: readonly number[];
  readonly bad: readonly number[];
}[] = [
  {
    name: 'requireRange',
    check: (v) => requireRange('x', v, 0, 1),
    good: [0, 0.5, 1],
    bad: [-1e-9, 1 + 1e-9],
  },
  {
    name: 'requireRange with an exclusive lower bound',
    check: (v) => requireRange('x', v, 0, 1, 'exclusive lower bound'),
    good: [1e-300, 1],
    bad: [0, 1.1],
  },
  {
    name: 'requirePositive',
    check: (v) => requirePositive('x', v),
    good: [1e-300, 1e300],
    bad: [0, -1, INFINITE],
  },
  {
    name: 'requireNonNegative',
    check: (v) => requireNonNegative('x', v),
    good: [0, INFINITE],
    bad: [-1e-300],
  },
  {
    name: 'requireFinite',
    check: (v) => requireFinite('x', v),
    good: [0, -1e308],
    bad: [INFINITE, -INFINITE],
  },
  {
    name: 'requireAngle',
    check: (v) => requireAngle('x', v),
    good: [0, 3.14],
    bad: [-0.1, Math.PI, 28.6],
  },
  {
    name: 'requireInteger',
    check: (v) => requireInteger('x', v, 1, 8),
    good: [1, 8],
    bad: [0, 9, 1.5, INFINITE],
  },
  { name: 'requireChoice', check: (v) => requireChoice('x', v, [1, 2]), good: [1, 2], bad: [3] },
];

describe.each(CHECKS)('$name', ({ check, good, bad }) => {
  test.each(good)('takes %d', (value) => {
    expect(() => check(value)).not.toThrow();
  });

  test.each([...bad, Number.NaN])('refuses %d', (value) => {
    expect(() => check(value)).toThrow(OptionOutOfRangeError);
  });

  test('refuses text and nothing at all, naming the option', () => {
    for (const value of ['0.5', undefined, null]) {
      expect(() => check(value as unknown as number)).toThrow(/^x = /);
    }
  });
});

test('an angle in degrees is told to be in radians', () => {
  expect(() => requireAngle('margin', 28.6)).toThrow(/radians/);
});
