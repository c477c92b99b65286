import { UnknownNameError } from '@cf/core';
import { expect, test } from 'vitest';
import { iresnet } from './iresnet.ts';
import { mobileFaceNet } from './mobile-face-net.ts';
import { backbone } from './named-backbones.ts';
import { tinyIresnet } from './tiny-iresnet.ts';

test.each<[string, () => unknown, string]>([
  ['iresnet', () => iresnet({ depth: 18, dropuot: 0.1 } as never), 'dropout'],
  ['tiny-iresnet', () => tinyIresnet({ inputsize: 56 } as never), 'inputSize'],
  ['MobileFaceNet', () => mobileFaceNet({ weight: 'zeros' } as never), 'weights'],
  ['a backbone by name', () => backbone('iresnet18', { sede: 3 } as never), 'seed'],
])('an option that %s does not have is named, with the nearest', (_, run, nearest) => {
  expect(run).toThrow(UnknownNameError);
  expect(run).toThrow(nearest);
});
