import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError, UnknownNameError } from '../errors/errors.ts';
import { drawMargins } from '../random/margin-draws.ts';
import { initialState } from '../state/loss-state.ts';
import { createLoss, LOSS_NAMES, type LossParameters, lossOptions } from './registry.ts';

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
    const loss = createLoss(name);
    expect(loss.name).toBe(
      { focal: 'focal(normface)', ohem: 'ohem(normface)', 'self-paced': 'self-paced(normface)' }[name] ??
        name,
    );
    expect(Object.values(initialState(loss).values).every(Number.isFinite)).toBe(true);
  });

  for (const [option, { good, outside = [], never }] of Object.entries(RANGES[name] ?? {})) {
    const make = (value: number, unsafe: object): unknown => createLoss(name, { [option]: value, ...unsafe });
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
      for (const value of [null, undefined, Symbol.iterator]) {
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

describe('createLoss', () => {
  test('an unknown loss suggests the nearest', () => {
    expect(() => createLoss('curicularface')).toThrow(/did you mean 'curricularface'/);
    expect(() => createLoss('ArcFace')).toThrow(/did you mean 'arcface'/);
    expect(() => lossOptions('arkface')).toThrow(/did you mean 'arcface'/);
  });

  test('what every object inherits is neither a loss nor an option', () => {
    expect(() => createLoss('constructor')).toThrow(UnknownNameError);
    expect(() => createLoss('arcface', { toString: 1 })).toThrow(UnknownNameError);
  });

  test.each<[string, LossParameters, string]>([
    ['arcface', { margin: '0.5' }, 'margin = "0.5", expected a number'],
    ['arcface', { easyMargin: 1 }, 'easyMargin = 1, expected a boolean'],
    ['arcface', { beyondPi: false }, 'beyondPi = false, expected a string'],
    ['curricularface', { alpha: true }, 'alpha = true, expected a number or string'],
    ['elastic-arcface', { plus: 1 }, 'plus = 1, expected a boolean or string'],
    ['elastic-arcface', { plus: 'pap' }, 'plus = "pap", expected one of false, true, "released", "paper"'],
    [
      'self-paced',
      { regulariser: 'soft' },
      'regulariser = "soft", expected one of "hard", "linear", "mixture"',
    ],
    ['focal', { base: 'arcface' }, 'base = "arcface", expected'],
    ['focal', { base: {} }, 'base = {}, expected { loss: name, params }'],
    ['ohem', { reduction: 'sum' }, 'reduction = "sum", expected "meanOfKept"'],
  ])('%s with %j is refused: %s', (name, parameters, message) => {
    const run = (): unknown => createLoss(name, parameters);
    expect(run).toThrow(OptionOutOfRangeError);
    expect(run).toThrow(message);
  });

  test('every parameter reaches its loss', () => {
    expect(createLoss('arcface', { scale: 30, gradient: 'straight-through' })).toMatchObject({
      scale: 30,
      gradient: 'straight-through',
    });
    expect(createLoss('softmax', { bias: false }).bias).toBe(false);
    const elastic = createLoss('elastic-cosface', { margin: 0.2, std: 0.1, seed: 5 });
    const keys = [3, 9];
    expect(elastic.draws!(7, keys)).toEqual(drawMargins({ mean: 0.2, std: 0.1, seed: 5 }, 7, keys));
    expect(createLoss('sphereface', { lambda: 3 }).initialValues).toEqual({ step: 0 });
  });
});

describe('base', () => {
  test('a weighting stands on any other loss', () => {
    const loss = createLoss('focal', {
      gamma: 1,
      base: { loss: 'curricularface', params: { scale: 30, tInitial: 0.1 } },
    });
    expect(loss).toMatchObject({
      name: 'focal(curricularface)',
      scale: 30,
      initialValues: { step: 0, t: 0.1 },
    });
    expect(createLoss('ohem', { base: { loss: 'arcface' }, reduction: 'meanOfKept' }).name).toBe(
      'ohem(arcface)',
    );
  });

  test('without one, scale is that of NormFace', () => {
    expect(createLoss('self-paced', { scale: 16 })).toMatchObject({
      name: 'self-paced(normface)',
      scale: 16,
    });
  });

  test('scale beside base, a weighting on a weighting, and mistakes inside base are refused', () => {
    expect(() => createLoss('focal', { scale: 16, base: { loss: 'arcface' } })).toThrow(/^scale = 16/);
    expect(() => createLoss('focal', { base: { loss: 'ohem' } })).toThrow(/^weighting = "focal"/);
    expect(() => createLoss('curricularface', { alpha: 'papr' })).toThrow(/did you mean 'paper'/);
    expect(() => createLoss('focal', { base: { loss: 'arcfac' } })).toThrow(/did you mean 'arcface'/);
    expect(() => createLoss('focal', { base: { loss: 'arcface', params: { margn: 1 } } })).toThrow(
      /did you mean 'margin'/,
    );
    expect(() => createLoss('focal', { base: { loss: 'arcface', params: { margin: 4 } } })).toThrow(
      /^margin = 4/,
    );
  });
});

describe('nothing is ignored', () => {
  test.each<[string, LossParameters]>([
    ['arcface', { beyondPi: 'lineal' }],
    ['arcface', { gradient: 'straight' }],
    ['combined-margin', { beyondPi: 'cos' }],
    ['curricularface', { margin: { kind: 'cosin', margin: 0.35 } }],
    ['curricularface', { margin: { kind: 'combined', m1: 1.2 } }],
    ['curricularface', { margin: { kind: 'cosine', margin: 0.35 }, beyondPi: 'cosine' }],
    ['curricularface', { margin: null }],
    ['focal', { base: { loss: 'arcface', parms: { margin: 0.1 } } }],
    ['focal', { base: { loss: 'arcface', params: 5 } }],
    ['focal', { base: { loss: 'arcface', params: null } }],
    ['sphereface', { lambda: Number.POSITIVE_INFINITY }],
    ['magface', { lambdaG: Number.POSITIVE_INFINITY }],
    ['self-paced', { maximumPace: 0 }],
  ])('%s with %j is refused', (name, parameters) => {
    let error: unknown;
    try {
      createLoss(name, parameters);
    } catch (thrown) {
      error = thrown;
    }
    expect(error instanceof OptionOutOfRangeError || error instanceof UnknownNameError).toBe(true);
  });
});
