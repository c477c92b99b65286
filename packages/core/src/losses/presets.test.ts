import { expect, test } from 'vitest';
import { UnknownNameError } from '../errors/errors.ts';
import { LOSS_PRESETS } from './presets.ts';
import { createLoss, LOSS_NAMES } from './registry.ts';

const DATA = { classCounts: [3, 8] };
const NAMED = Object.entries(LOSS_PRESETS).flatMap(([loss, presets]) =>
  Object.keys(presets).map((preset) => [loss, preset] as const),
);

test.each(NAMED)('%s: %s is the loss of its parameters, and says where they are from', (loss, preset) => {
  const { source, params } = LOSS_PRESETS[loss]![preset]!;
  expect(LOSS_NAMES).toContain(loss);
  expect(source).not.toBe('');
  expect(JSON.stringify(createLoss(loss, { preset }, DATA))).toBe(
    JSON.stringify(createLoss(loss, params, DATA)),
  );
});

test('what stands beside a preset stands over it', () => {
  const { lossWeight, scale } = createLoss('sphereface2', { preset: 'paper', scale: 25 });
  expect([lossWeight, scale]).toEqual([1 / 25, 25]);
  expect(createLoss('sphereface2', { preset: 'release', lossWeight: 4 }).lossWeight).toBe(0.1);
});

test('an unknown one suggests the nearest, and a loss without any says so', () => {
  expect(() => createLoss('sphereface2', { preset: 'relase' })).toThrow(UnknownNameError);
  expect(() => createLoss('sphereface2', { preset: 'relase' })).toThrow(
    /^preset of sphereface2 'relase'.*did you mean 'release'/s,
  );
  expect(() => createLoss('arcface', { preset: 'constructor' })).toThrow(UnknownNameError);
  expect(() => createLoss('softmax', { preset: 'paper' })).toThrow(/^preset = "paper", expected no preset/);
});
