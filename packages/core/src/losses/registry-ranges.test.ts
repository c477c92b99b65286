import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import { initialState } from '../state/loss-state.ts';
import { createLoss, LOSS_NAMES, lossOptions } from './registry.ts';

const INFINITE = Number.POSITIVE_INFINITY;
/** The numbers beside one, in float64. */
const after = (value: number): number => value + 2 ** (Math.floor(Math.log2(Math.abs(value))) - 52);
const before = (value: number): number => -after(-value);
const TINY = Number.MIN_VALUE;
const { PI } = Math;

/** What an option takes: on its edges, outside its published domain (`unsafe` takes it), and never. */
interface Range {
  readonly good: readonly number[];
  readonly outside?: readonly number[];
  readonly never: readonly number[];
}

const SCALE: Range = { good: [TINY, 1, 1024], never: [0, -1, Number.NaN, INFINITE] };
const ANGLE: Range = {
  good: [0, before(PI)],
  outside: [-TINY, after(-PI) + 1e-15],
  never: [PI, -PI, 28.6, -28.6, Number.NaN],
};
const COSINE: Range = { good: [0, 2], outside: [-TINY, after(2), -1e3], never: [Number.NaN, INFINITE] };
const SHARE: Range = { good: [0, 1], never: [-TINY, after(1), Number.NaN] };
const HARD_WEIGHT: Range = { good: [1, 1e3], outside: [before(1), 0, -1], never: [Number.NaN, INFINITE] };
const SPREAD: Range = { good: [0, 1], outside: [after(1), 40], never: [-TINY, INFINITE, Number.NaN] };
const SEED: Range = { good: [-(2 ** 53) + 1, 2 ** 53 - 1], never: [0.5, Number.NaN, 2 ** 53] };
const NEVER_INFINITE = [Number.NaN, INFINITE];
const SHARE_ABOVE_0: Range = { good: [TINY, 1], never: [0, -1, after(1), Number.NaN] };
const WEIGHT: Range = { good: [TINY, 1], outside: [after(1), 1e3], never: [0, -1, ...NEVER_INFINITE] };
const ANY: Range = { good: [0, -1e3, 1e3], never: [...NEVER_INFINITE, -INFINITE] };
const LEAST_ZERO: Range = { good: [0, 1e3], outside: [-TINY, -1], never: NEVER_INFINITE };
/** A scale, or a weight, whose quotient must not be 0 or infinite. */
const QUOTIENT: Range = { ...SCALE, good: [1e-300, 1, 1024] };

const DATA = { classCounts: [1, 8] };

/** Every option that has a range. */
const RANGES: Readonly<Record<string, Readonly<Record<string, Range>>>> = {
  softmax: {},
  normface: { scale: SCALE },
  sphereface: {
    margin: { good: [1, 8], never: [0, 9, 2.5] },
    lambda: { good: [0, 1e9], outside: [-TINY, after(-1)], never: [-1, ...NEVER_INFINITE] },
  },
  cosface: { scale: SCALE, margin: COSINE },
  arcface: { scale: SCALE, margin: ANGLE },
  'combined-margin': {
    scale: SCALE,
    m1: { good: [TINY, 16], outside: [after(16)], never: [0, -1, ...NEVER_INFINITE] },
    m2: ANGLE,
    m3: COSINE,
  },
  'mv-am-softmax': { scale: SCALE, margin: COSINE, t: HARD_WEIGHT },
  'mv-arc-softmax': { scale: SCALE, margin: ANGLE, t: HARD_WEIGHT },
  curricularface: {
    scale: SCALE,
    margin: ANGLE,
    alpha: SHARE,
    tInitial: { good: [-1, 1], never: [before(-1), after(1), Number.NaN] },
  },
  adaface: {
    scale: SCALE,
    margin: {
      good: [0, 1],
      outside: [-TINY, after(1), before(PI - 0.001), after(0.001 - PI)],
      never: [PI - 0.001, 0.001 - PI, Number.NaN],
    },
    h: { good: [TINY, 1e3], outside: [0, -1], never: NEVER_INFINITE },
    tAlpha: SHARE,
    eps: { good: [TINY, 0.25], never: [0, after(0.25), Number.NaN] },
    batchMeanInitial: { good: [0], never: [-TINY, ...NEVER_INFINITE] },
    batchStdInitial: { good: [0], never: [-TINY, ...NEVER_INFINITE] },
  },
  magface: {
    scale: SCALE,
    lowerNorm: { good: [TINY, before(110)], never: [0, -1, 110, Number.NaN] },
    upperNorm: { good: [after(10)], never: [0, 10, 9, ...NEVER_INFINITE] },
    lowerMargin: { ...ANGLE, good: [0, 0.8], outside: [after(0.8), -TINY, -3] },
    upperMargin: { ...ANGLE, good: [0.45, before(PI)], outside: [before(0.45), 0, -3] },
    lambdaG: { good: [0], outside: [-TINY, -1], never: NEVER_INFINITE },
  },
  'elastic-arcface': { scale: SCALE, margin: ANGLE, std: SPREAD, seed: SEED },
  'elastic-cosface': { scale: SCALE, margin: COSINE, std: SPREAD, seed: SEED },
  adacos: {},
  'arc-neg': {
    scale: SCALE,
    margin: ANGLE,
    alpha: { good: [TINY, 1e3], outside: [0, -1], never: NEVER_INFINITE },
    sigma: SCALE,
  },
  npcface: { scale: SCALE, margin: ANGLE, m0: ANGLE, m1: LEAST_ZERO, t: LEAST_ZERO, a: LEAST_ZERO },
  circle: { scale: SCALE, margin: COSINE },
  'sphereface-r': {
    scale: SCALE,
    margin: { good: [1, 8], outside: [before(1), TINY], never: [0, -1, after(8), Number.NaN] },
    lossWeight: QUOTIENT,
  },
  'li-arcface': { scale: SCALE, margin: ANGLE },
  'x2-softmax': {
    scale: SCALE,
    a: { good: [-TINY, -1e3], outside: [0, 1], never: [...NEVER_INFINITE, -INFINITE] },
    h: ANY,
    k: ANY,
  },
  'dynamic-arcface': {
    scale: SCALE,
    a: { good: [0, 1], outside: [-1], never: NEVER_INFINITE },
    b: { good: [0, 1], outside: [-1], never: NEVER_INFINITE },
    lambda: SHARE,
  },
  sphereface2: {
    scale: QUOTIENT,
    margin: COSINE,
    lambda: { good: [TINY, before(1)], never: [0, 1, -1, Number.NaN] },
    t: SCALE,
    lossWeight: QUOTIENT,
  },
  uniface: { scale: SCALE, margin: COSINE, lambda: WEIGHT, r: SHARE_ABOVE_0 },
  'bce-face': { scale: SCALE, margin: COSINE, lambda: WEIGHT, r: SHARE_ABOVE_0 },
  focal: {
    scale: SCALE,
    gamma: { good: [0, 100], never: [-TINY, ...NEVER_INFINITE] },
    alpha: { good: [TINY, 1], outside: [after(1), 8], never: [0, -1, ...NEVER_INFINITE] },
  },
  ohem: { scale: SCALE, keepRatio: { good: [TINY, 1], never: [0, -1, after(1), Number.NaN] } },
  'self-paced': {
    scale: SCALE,
    pace: { good: [TINY, INFINITE], never: [0, -1, Number.NaN] },
    growth: { good: [1, 1e9], outside: [before(1), TINY], never: [0, -1, ...NEVER_INFINITE] },
    maximumPace: { good: [TINY, INFINITE], never: [0, -1, Number.NaN] },
    lowerShare: { good: [TINY, before(1)], never: [0, 1, Number.NaN] },
  },
};

test('the table of ranges has every loss', () => {
  expect(Object.keys(RANGES)).toEqual(LOSS_NAMES);
});

describe.each(LOSS_NAMES)('%s', (name) => {
  test('can be made without parameters', () => {
    const loss = createLoss(name, {}, DATA);
    expect(loss.name).toBe(
      { focal: 'focal(normface)', ohem: 'ohem(normface)', 'self-paced': 'self-paced(normface)' }[name] ??
        name,
    );
    expect(Object.values(initialState(loss).values).every(Number.isFinite)).toBe(true);
  });

  for (const [option, { good, outside = [], never }] of Object.entries(RANGES[name] ?? {})) {
    const make = (value: number, unsafe: object): unknown =>
      createLoss(name, { [option]: value, ...unsafe }, DATA);
    const wide = lossOptions(name).includes('unsafe') ? [{}, { unsafe: false }, { unsafe: true }] : [{}];

    test.each(good)(`takes ${option} = %d`, (value) => {
      for (const unsafe of wide) expect(() => make(value, unsafe)).not.toThrow();
    });

    test.each([...outside, ...never])(`refuses ${option} = %d and names it`, (value) => {
      // Of two bounds that cross the upper one is named.
      const refused = new RegExp(
        `^(${option} = ${String(value)}|upper${option.slice(5)} = [\\d.]+), expected .*${option}`,
        's',
      );
      for (const unsafe of wide.slice(0, 2)) {
        expect(() => make(value, unsafe)).toThrow(OptionOutOfRangeError);
        expect(() => make(value, unsafe)).toThrow(refused);
      }
    });

    if (outside.length > 0) {
      test.each(outside)(
        `takes ${option} = %d where it is told to be unsafe, and says so otherwise`,
        (value) => {
          expect(() => make(value, { unsafe: true })).not.toThrow();
          expect(() => make(value, {})).toThrow(/set unsafe to true/);
        },
      );
    }

    test.each(never)(`refuses ${option} = %d, unsafe or not`, (value) => {
      for (const unsafe of wide) expect(() => make(value, unsafe)).toThrow(OptionOutOfRangeError);
    });
  }

  test('lists its options, and each is one that it knows', () => {
    const options = lossOptions(name);
    expect(new Set(options).size).toBe(options.length);
    for (const option of Object.keys(RANGES[name] ?? {})) expect(options).toContain(option);
  });

  test('refuses each option of a wrong type, by name', () => {
    for (const option of lossOptions(name)) {
      for (const value of [null, Symbol.iterator]) {
        const run = (): unknown => createLoss(name, { [option]: value });
        // A margin of null is of the type that typeof calls an object.
        if (option === 'margin' && value === null && name === 'curricularface') continue;
        expect(run).toThrow(OptionOutOfRangeError);
        expect(run).toThrow(new RegExp(`^${option} = `));
      }
    }
  });

  test('refuses an unknown option with the nearest one', () => {
    const option = lossOptions(name)[0]!;
    expect(() => createLoss(name, { [`${option}s`]: 1 })).toThrow(
      new RegExp(`^option of ${name} '${option}s'.*did you mean '${option}'`, 's'),
    );
  });
});
