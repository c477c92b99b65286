import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError, UnknownNameError } from '../errors/errors.ts';
import { drawMargins } from '../random/margin-draws.ts';
import { initialState } from './loss-state.ts';
import { createLoss, LOSS_NAMES, type LossParameters, lossOptions } from './registry.ts';

const BAD_SCALES = [0, -1, Number.NaN, Number.POSITIVE_INFINITY];
const BAD_ANGLES = [-0.1, Math.PI, 28.6, Number.NaN];
const BAD_COSINES = [-0.1, 2.1, Number.NaN];
const BAD_SHARES = [-0.1, 1.1, Number.NaN];

/** For every loss: each option that has a range, values outside it, and one on its edge that is inside. */
const RANGES: Readonly<Record<string, Readonly<Record<string, { bad: readonly number[]; edge: number }>>>> = {
  softmax: {},
  normface: { scale: { bad: BAD_SCALES, edge: 1e-3 } },
  sphereface: { margin: { bad: [0, 9, 2.5], edge: 8 }, lambda: { bad: [-1, Number.NaN], edge: 0 } },
  cosface: { scale: { bad: BAD_SCALES, edge: 1024 }, margin: { bad: BAD_COSINES, edge: 2 } },
  arcface: { scale: { bad: BAD_SCALES, edge: 1024 }, margin: { bad: BAD_ANGLES, edge: 3.14 } },
  'combined-margin': {
    scale: { bad: BAD_SCALES, edge: 1 },
    m1: { bad: [0, -1, 17, Number.NaN], edge: 16 },
    m2: { bad: BAD_ANGLES, edge: 0 },
    m3: { bad: BAD_COSINES, edge: 0 },
  },
  'mv-am-softmax': {
    scale: { bad: BAD_SCALES, edge: 1 },
    margin: { bad: BAD_COSINES, edge: 0 },
    t: { bad: [0, -1, Number.NaN, Number.POSITIVE_INFINITY], edge: 0.1 },
  },
  'mv-arc-softmax': {
    scale: { bad: BAD_SCALES, edge: 1 },
    margin: { bad: BAD_ANGLES, edge: 0 },
    t: { bad: [0, -1, Number.NaN, Number.POSITIVE_INFINITY], edge: 0.1 },
  },
  curricularface: {
    scale: { bad: BAD_SCALES, edge: 1 },
    margin: { bad: BAD_ANGLES, edge: 0 },
    alpha: { bad: BAD_SHARES, edge: 1 },
    tInitial: { bad: [-1.1, 1.1, Number.NaN], edge: -1 },
  },
  adaface: {
    scale: { bad: BAD_SCALES, edge: 1 },
    margin: { bad: BAD_SHARES, edge: 1 },
    h: { bad: [0, -1, Number.NaN, Number.POSITIVE_INFINITY], edge: 1e-3 },
    tAlpha: { bad: BAD_SHARES, edge: 0 },
    eps: { bad: [0, 0.6, Number.NaN], edge: 1e-9 },
    batchMeanInitial: { bad: [Number.NaN, Number.POSITIVE_INFINITY], edge: 0 },
    batchStdInitial: { bad: [-1, Number.NaN, Number.POSITIVE_INFINITY], edge: 0 },
  },
  magface: {
    scale: { bad: BAD_SCALES, edge: 1 },
    lowerNorm: { bad: [0, -1, Number.NaN], edge: 1e-3 },
    upperNorm: { bad: [0, 10, 9, Number.NaN, Number.POSITIVE_INFINITY], edge: 10.1 },
    lowerMargin: { bad: BAD_ANGLES, edge: 0 },
    upperMargin: { bad: [...BAD_ANGLES, 0.44], edge: 0.45 },
    lambdaG: { bad: [-1, Number.NaN], edge: 0 },
  },
  'elastic-arcface': {
    scale: { bad: BAD_SCALES, edge: 1 },
    margin: { bad: BAD_ANGLES, edge: 0 },
    std: { bad: BAD_SHARES, edge: 0 },
    seed: { bad: [0.5, Number.NaN, 2 ** 53], edge: -(2 ** 53) + 1 },
  },
  'elastic-cosface': {
    scale: { bad: BAD_SCALES, edge: 1 },
    margin: { bad: BAD_COSINES, edge: 0 },
    std: { bad: BAD_SHARES, edge: 1 },
    seed: { bad: [0.5, Number.NaN], edge: 2 ** 53 - 1 },
  },
  focal: {
    scale: { bad: BAD_SCALES, edge: 1 },
    gamma: { bad: [-0.1, Number.NaN, Number.POSITIVE_INFINITY], edge: 0 },
    alpha: { bad: [0, -1, Number.NaN, Number.POSITIVE_INFINITY], edge: 1e-3 },
  },
  ohem: { scale: { bad: BAD_SCALES, edge: 1 }, keepRatio: { bad: [0, ...BAD_SHARES], edge: 1 } },
  'self-paced': {
    scale: { bad: BAD_SCALES, edge: 1 },
    pace: { bad: [0, -1, Number.NaN], edge: Number.POSITIVE_INFINITY },
    growth: { bad: [0.99, Number.NaN, Number.POSITIVE_INFINITY], edge: 1 },
    maximumPace: { bad: [-1, Number.NaN], edge: Number.POSITIVE_INFINITY },
    lowerShare: { bad: [0, 1, Number.NaN], edge: 0.999 },
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

  for (const [option, { bad, edge }] of Object.entries(RANGES[name] ?? {})) {
    test.each(bad)(`refuses ${option} = %d and names it`, (value) => {
      const run = (): unknown => createLoss(name, { [option]: value });
      expect(run).toThrow(OptionOutOfRangeError);
      expect(run).toThrow(new RegExp(`^${option} = ${String(value)}, expected .*${option}`, 's'));
    });

    test(`takes ${option} = ${edge}, on the edge`, () => {
      expect(() => createLoss(name, { [option]: edge })).not.toThrow();
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
