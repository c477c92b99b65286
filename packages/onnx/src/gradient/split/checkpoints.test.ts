import { expect, test } from 'vitest';
import { graphOf } from '../../model/model.ts';
import { mostAtOnce } from '../../passes/inspection/training-memory.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { type SplitGradient, splitGradient } from '../split-gradient.ts';
import { bytesOf } from './saved-values.ts';
import { deepNet } from './testing.ts';

/** Bytes that wait on the way back: what is kept, and the most that is computed at once. */
function bytesBack({ backward, saved }: SplitGradient): number {
  const values = new ValueTable(backward);
  return saved.reduce((sum, name) => sum + bytesOf(values, name), 0) + mostAtOnce(backward, values);
}

test('of a chain of equal layers: about the square root of its length', () => {
  const { model, wrt } = deepNet(50, false);
  const options = { of: 'y', wrt, seed: 'seed' };
  const [saved, checkpointed] = [
    splitGradient(model, options),
    splitGradient(model, { ...options, activations: 'checkpointed' }),
  ];
  expect(saved.saved).toHaveLength(100);
  expect(checkpointed.saved.length).toBeGreaterThanOrEqual(7);
  expect(checkpointed.saved.length).toBeLessThanOrEqual(12);
  expect(bytesBack(checkpointed)).toBeLessThan(0.35 * bytesBack(saved));
});

test('where one value crosses, not within a block whose input is added to its result', () => {
  const { model, wrt } = deepNet(30, true);
  const { saved } = splitGradient(model, { of: 'y', wrt, seed: 'seed', activations: 'checkpointed' });
  expect(saved.length).toBeGreaterThan(2);
  for (const name of saved) expect(name).toMatch(/^\d+$/);
});

test('none in a network so short that it would not gain by it', () => {
  const { model, wrt } = deepNet(1, false);
  const { saved, backward } = splitGradient(model, {
    of: 'y',
    wrt,
    seed: 'seed',
    activations: 'checkpointed',
  });
  expect(saved).toEqual([]);
  expect(graphOf(backward).input.map(({ name }) => name)).toContain('x');
});
