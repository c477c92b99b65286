import { UnknownNameError } from '@cf/core';
import { expect, test } from 'vitest';
import { open } from './loop/testing.ts';
import { train } from './loop/train.ts';
import { adamw } from './optimiser/adamw.ts';
import { learnerOptimiser } from './optimiser/learner-optimiser.ts';
import { sgd } from './optimiser/sgd.ts';
import { learningRateAt } from './schedule/learning-rate.ts';

const schedule = { name: 'step', base: 1, totalSteps: 10 } as const;

test.each<[string, () => unknown, string]>([
  ['sgd', () => sgd({ momentun: 0.9 } as object), 'momentum'],
  ['adamw', () => adamw({ beta_1: 0.9 } as object), 'beta1'],
  ['a schedule', () => learningRateAt(0, { ...schedule, warmup: 3 } as typeof schedule), 'warmupSteps'],
  [
    'the optimiser of a learner',
    () => learnerOptimiser({ rule: sgd(), weigthDecay: 1 } as { rule: ReturnType<typeof sgd> }),
    'weightDecay',
  ],
  ['a group', () => learnerOptimiser({ rule: sgd(), groups: [{ prefix: ['a'] } as object] }), 'prefixes'],
])('an option that %s does not have is named, with the nearest', (_, run, nearest) => {
  expect(run).toThrow(UnknownNameError);
  expect(run).toThrow(nearest);
});

test('an option that a training does not have is named before it begins', async () => {
  const task = await open();
  const first = (given: object): Promise<unknown> => train({ ...task, ...given }).next();
  const options = { ...task.options, batchSize: 3 };
  await expect(first({ options })).rejects.toThrow(/batchSize.*batch/s);
  await expect(first({ sample: [] })).rejects.toThrow(/sample.*samples/s);
});
