import { UnknownNameError, uniformSampler } from '@cf/core';
import { expect, test } from 'vitest';
import { checkAugmentation } from './augmentation/augment-options.ts';
import { identityPairs } from './pairs/identity-pairs.ts';
import { balancedSampler, identitySampler } from './sampling/balanced-sampler.ts';
import { curriculumSampler } from './sampling/curriculum-sampler.ts';
import { syntheticPairs } from './synthetic/synthetic-pairs.ts';

const labels = [0, 0, 1, 1];
const pace = { startShare: 0.5, growSteps: 3 } as never;

test.each<[string, () => unknown, string]>([
  ['balancedSampler', () => balancedSampler({ labels, size: 2, sede: 1, seed: 1 } as never), 'seed'],
  [
    'identitySampler',
    () => identitySampler({ labels, identities: 2, image: 1, images: 2, seed: 1 } as never),
    'images',
  ],
  [
    'curriculumSampler',
    () => curriculumSampler({ difficulty: labels, size: 2, seed: 1, pace, lastbatch: 'keep' } as never),
    'lastBatch',
  ],
  [
    'uniformSampler',
    () => uniformSampler({ count: 4, size: 2, seed: 1, last: 'keep' } as never),
    'lastBatch',
  ],
  ['identityPairs', () => identityPairs({ counts: [2, 2], seed: 1, fold: 2 } as never), 'folds'],
  [
    'syntheticPairs',
    () => syntheticPairs({ seed: 1, identity: 3, imagesPerIdentity: 2, pairs: 20 } as never),
    'identities',
  ],
  ['augmentation', () => checkAugmentation({ flip: true, shift: 0, color: 0.3 } as never), 'colour'],
])('an option that %s does not have is named, with the nearest', (_, run, nearest) => {
  expect(run).toThrow(UnknownNameError);
  expect(run).toThrow(nearest);
});
