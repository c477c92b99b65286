import { describe, expect, it } from 'vitest';
import { configWith } from '../testing.ts';
import { optimiserOf, trainingOptions } from './training-options.ts';

const flags = { lr: 0.3, schedule: 'step', warmupSteps: 7, batch: 5, accumulate: 2, seed: 9 } as const;
const ofHead = { subCenters: 3, biasWeightDecay: 0.01 } as const;

describe('trainingOptions', () => {
  it('are those of the configuration', () => {
    const { rule, ...options } = trainingOptions(configWith({ ...flags, ...ofHead, loss: 'sphereface2' }));
    expect(options).toEqual({
      epochs: 2,
      batch: 5,
      accumulate: 2,
      weightDecay: 5e-4,
      ...ofHead,
      update: 'plain',
      seed: 9,
      lastBatch: 'drop',
      schedule: { name: 'step', base: 0.3, warmupSteps: 7 },
    });
    expect(rule).toMatchObject({ name: 'sgd', state: ['momentum'] });
  });

  it('say when class centers move, and how far', () => {
    const config = configWith({ ...flags, update: 'fused', clipCenters: 'norm:2.5' });
    expect(trainingOptions(config)).toMatchObject({
      update: 'fused',
      clipCenters: { by: 'norm', limit: 2.5 },
    });
  });

  it('move the drawn rows alone where classes are drawn', () => {
    expect(trainingOptions(configWith({ ...flags, sampleRate: 0.5 })).update).toBe('fused');
  });

  it('take the optimiser that is asked for', () => {
    const { optimiser: _, momentum: __, ...rest } = configWith(flags);
    expect(trainingOptions({ ...rest, optimiser: 'adamw', momentum: 0.9 }).rule.name).toBe('adamw');
  });
});

it('the optimiser of a network decays kernels alone, and clips where it is asked to', () => {
  const { settingsOf, clipNorm } = optimiserOf(configWith({ weightDecay: 0.1, clipNorm: 2 }));
  const decay = (['weight', 'bias', 'norm', 'slope'] as const).map(
    (kind) => settingsOf({ name: kind, kind }).weightDecay,
  );
  expect(decay).toEqual([0.1, 0, 0, 0]);
  expect(clipNorm).toBe(2);
});

it('a decay of a bias that the loss has not is refused', () => {
  expect(() => configWith({ biasWeightDecay: 0.1 })).toThrow(/^--bias-weight-decay 0.1 with curricularface/);
});
