import { describe, expect, test } from 'vitest';
import { OptionOutOfRangeError, UnknownNameError } from '../errors/errors.ts';
import { drawMargins } from '../random/margin-draws.ts';
import { numberOps } from '../readings/number.ts';
import type { LossParameters } from './loss-definition.ts';
import { createLoss, LOSS_NAMES, lossOptions } from './registry.ts';

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
    const straight = createLoss('arcface', { scale: 30, gradient: 'straight-through' });
    expect(straight.scale).toBe(30);
    expect(straight.target(numberOps, { cos: 0.6, sin: 0.8, norm: 1 }, {}).dCos).toBe(1);
    expect(createLoss('softmax', { bias: false }).bias).toBeUndefined();
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

test.each(LOSS_NAMES.filter((name) => lossOptions(name).includes('gradient')))(
  '%s refuses a gradient that is none',
  (name) => {
    const make = (gradient: string): unknown => createLoss(name, { gradient }, { classCounts: [1] });
    expect(() => make('foo')).toThrow(/^gradient = "foo"/);
    for (const gradient of ['exact', 'straight-through']) expect(() => make(gradient)).not.toThrow();
  },
);
