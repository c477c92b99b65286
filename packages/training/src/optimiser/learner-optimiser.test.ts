import { OptionOutOfRangeError } from '@cf/core';
import { expect, test } from 'vitest';
import { type LearnerOptimiserOptions, learnerOptimiser } from './learner-optimiser.ts';
import { NO_DECAY_ON_NORM_AND_BIAS } from './parameter-groups.ts';
import { sgd } from './sgd.ts';

const rule = sgd();

test('the first group that takes a parameter counts', () => {
  const groups = [
    { prefixes: ['b', 'c'], kinds: ['norm'], learningRateScale: 0 },
    { prefixes: ['b', 'c'], learningRateScale: 3, weightDecay: 2 },
  ] as const;
  const { settingsOf } = learnerOptimiser({ rule, weightDecay: 1, groups });
  expect(settingsOf({ name: 'a', kind: 'norm' })).toEqual({ weightDecay: 1, learningRateScale: 1 });
  expect(settingsOf({ name: 'b1', kind: 'norm' })).toEqual({ weightDecay: 1, learningRateScale: 0 });
  expect(settingsOf({ name: 'c', kind: 'slope' })).toEqual({ weightDecay: 2, learningRateScale: 3 });
});

test('the usual exception takes everything but weights', () => {
  const { settingsOf } = learnerOptimiser({ rule, weightDecay: 1, groups: [NO_DECAY_ON_NORM_AND_BIAS] });
  const decays = (['weight', 'bias', 'norm', 'slope'] as const).map(
    (kind) => settingsOf({ name: 'x', kind }).weightDecay,
  );
  expect(decays).toEqual([1, 0, 0, 0]);
});

test.each<[string, Omit<LearnerOptimiserOptions, 'rule'>]>([
  ['weightDecay', { weightDecay: -1 }],
  ['clipNorm', { clipNorm: 0 }],
  ['groups[0].weightDecay', { groups: [{ weightDecay: Number.POSITIVE_INFINITY }] }],
  ['groups[0].kinds', { groups: [{ kinds: ['norms' as 'norm'] }] }],
  ['groups[0].learningRateScale', { groups: [{ learningRateScale: -1 }] }],
])('names the setting out of its range: %s', (option, options) => {
  expect(() => learnerOptimiser({ rule, ...options })).toThrow(OptionOutOfRangeError);
  expect(() => learnerOptimiser({ rule, ...options })).toThrow(`${option} = `);
});
