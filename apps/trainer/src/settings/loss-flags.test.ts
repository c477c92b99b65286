import { createLoss, LOSS_NAMES } from '@cf/core';
import { describe, expect, it } from 'vitest';
import type { LossFlags } from './fields.ts';
import { DEFAULT_SCALE } from './fields.ts';
import { lossFromFlags } from './loss-flags.ts';

describe('lossFromFlags', () => {
  it.each<[string, LossFlags, ReturnType<typeof lossFromFlags>]>([
    ['its own default scale', { loss: 'arcface' }, { name: 'arcface', params: { scale: DEFAULT_SCALE } }],
    ['no scale where a loss has none', { loss: 'softmax' }, { name: 'softmax', params: {} }],
    [
      'numbers by their flags',
      { loss: 'curricularface', scale: 48, margin: 0.4, alpha: '0.05' },
      { name: 'curricularface', params: { scale: 48, margin: 0.4, alpha: 0.05 } },
    ],
    [
      'presets of alpha by name',
      { loss: 'curricularface', scale: 48, alpha: 'tface' },
      { name: 'curricularface', params: { scale: 48, alpha: 'tface' } },
    ],
    [
      'a preset without any default of ours',
      { loss: 'arcface', margin: 0.4, lossOption: ['preset=release'] },
      { name: 'arcface', params: { preset: 'release', margin: 0.4 } },
    ],
    [
      'label smoothing to the loss inside a weighting',
      { loss: 'cosface', scale: 16, labelSmoothing: 0.1, weighting: 'focal' },
      {
        name: 'focal',
        params: { base: { loss: 'cosface', params: { scale: 16, labelSmoothing: 0.1 } } },
      },
    ],
    [
      'lists and texts',
      { loss: 'sphereface2', scale: 30, lossOption: ['marginType=A', 'angleClamp=[0, 3.1]'] },
      { name: 'sphereface2', params: { scale: 30, marginType: 'A', angleClamp: [0, 3.1] } },
    ],
    [
      'any other option with its type',
      {
        loss: 'elastic-arcface',
        lossOption: ['scale=16', 'std=0.01', 'plus=true', 'beyondPi=linear', 'seed=3'],
      },
      { name: 'elastic-arcface', params: { scale: 16, std: 0.01, plus: true, beyondPi: 'linear', seed: 3 } },
    ],
    [
      'a weighting around the loss',
      { loss: 'cosface', margin: 0.2, weighting: 'focal', weightingOption: ['gamma=1'] },
      {
        name: 'focal',
        params: { gamma: 1, base: { loss: 'cosface', params: { scale: DEFAULT_SCALE, margin: 0.2 } } },
      },
    ],
  ])('gives %s', (_, flags, expected) => {
    expect(lossFromFlags(flags)).toEqual(expected);
  });

  it.each(LOSS_NAMES)('gives what createLoss takes (%s)', (loss) => {
    const { name, params } = lossFromFlags({ loss });
    expect(createLoss(name, params, { classCounts: [1] }).name).toContain(loss);
  });

  it.each(['focal', 'ohem', 'self-paced'])('puts %s around a loss by name', (weighting) => {
    const { name, params } = lossFromFlags({ loss: 'magface', weighting });
    expect(createLoss(name, params).name).toBe(`${weighting}(magface)`);
  });

  it('takes a parameter outside its published domain where it is told to', () => {
    const outside = { loss: 'mv-am-softmax', lossOption: ['t=0.9'] };
    const make = (flags: LossFlags) => {
      const { name, params } = lossFromFlags(flags);
      return createLoss(name, params);
    };
    expect(() => make(outside)).toThrow(/^t = 0.9, expected .*t ≥ 1.*unsafe/s);
    expect(make({ ...outside, lossOption: ['t=0.9', 'unsafe=true'] }).name).toBe('mv-am-softmax');
    const weighted = { loss: 'arcface', weighting: 'focal', weightingOption: ['alpha=2'] };
    expect(() => make(weighted)).toThrow(/^alpha = 2/);
    expect(make({ ...weighted, weightingOption: ['alpha=2', 'unsafe=true'] }).name).toBe('focal(arcface)');
  });

  it.each<[string, LossFlags, RegExp]>([
    ['an unknown loss', { loss: 'arcfac' }, /did you mean 'arcface'/],
    [
      'an option without a value',
      { loss: 'arcface', lossOption: ['t'] },
      /--loss-option t, expected name=value/,
    ],
    [
      'an option given twice',
      { loss: 'curricularface', lossOption: ['t=1', 't=2'] },
      /--loss-option t=2, where t = 1 is given already/,
    ],
    ...(['scale', 'margin'] as const).map((name): [string, LossFlags, RegExp] => [
      `${name} beside its option`,
      { loss: 'arcface', [name]: 0.5, lossOption: [`${name}=0.5`] },
      new RegExp(`--${name} 0\\.5, where ${name} = 0\\.5 is given already`),
    ]),
    [
      'alpha beside its option',
      { loss: 'curricularface', alpha: 'tface', lossOption: ['alpha=0.01'] },
      /--alpha tface, where alpha = 0\.01 is given already/,
    ],
    [
      'an option of a weighting given twice',
      { loss: 'arcface', weighting: 'focal', weightingOption: ['gamma=1', 'gamma=2'] },
      /--weighting-option gamma=2, where gamma = 1/,
    ],
    [
      'a list that is none',
      { loss: 'arcface', lossOption: ['margin=[0.3,'] },
      /--loss-option margin=\[0\.3, \(.*, expected a list or an object as JSON/,
    ],
    [
      'label smoothing beside its option',
      { loss: 'arcface', labelSmoothing: 0.1, lossOption: ['labelSmoothing=0.1'] },
      /--label-smoothing 0\.1, where labelSmoothing = 0\.1 is given already/,
    ],
    ['an option without a name', { loss: 'arcface', lossOption: ['=3'] }, /name=value/],
    ['a loss as a weighting', { loss: 'arcface', weighting: 'cosface' }, /weighting = "cosface"/],
  ])('refuses %s', (_, flags, message) => {
    expect(() => lossFromFlags(flags)).toThrow(message);
  });
});
