import { expect, test, vi } from 'vitest';
import { noMargin } from '../margin/no-margin.ts';
import { plainModulation } from '../modulation/modulation.ts';
import { createLoss, LOSS_NAMES } from './registry.ts';
import { requireMeaning } from './require-meaning.ts';

const met: string[] = [];

vi.mock(import('./compose-loss.ts'), async (load) => {
  const { composeLoss } = await load();
  return {
    composeLoss: (parts) => {
      const loss = composeLoss(parts);
      requireMeaning(loss, parts.margin ?? noMargin, parts.modulation ?? plainModulation);
      met.push(loss.name);
      return loss;
    },
  };
});

test.each(LOSS_NAMES)('%s is made of parts that have a meaning together', (name) => {
  met.length = 0;
  createLoss(name, {}, { classCounts: [3, 8] });
  expect(met.length).toBeGreaterThan(0);
});
