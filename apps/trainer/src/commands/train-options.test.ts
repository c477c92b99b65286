import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { everySetting, type TrainFlags } from '../settings/fields.ts';
import { resolveConfig } from '../settings/resolve-config.ts';
import { givenFlags } from './explicit-flags.ts';
import { trainOptions } from './train-options.ts';

function flagsOf(...args: readonly string[]): TrainFlags {
  const command = new Command();
  for (const option of trainOptions()) command.addOption(option);
  return givenFlags(command.parse(args, { from: 'user' }));
}

it('gives nothing that was not given', () => {
  expect(flagsOf()).toEqual({});
});

it('parses flags by the types of their settings', () => {
  const args = [
    '--epochs',
    '3',
    '--loss-option',
    't=1',
    '--loss-option',
    'a=b',
    '--no-control',
    '--no-augment-flip',
  ];
  expect(flagsOf(...args, '--head', '1', '--strict')).toEqual({
    epochs: 3,
    lossOption: ['t=1', 'a=b'],
    control: false,
    augmentFlip: false,
    head: '1',
    strict: true,
  });
  expect(flagsOf('--control')).toEqual({ control: true });
});

it('names optimiser, schedule and clipping', () => {
  const args = ['--optimiser', 'adamw', '--schedule', 'poly', '--clip-norm', '5', '--init-from', 'runs/x'];
  expect(resolveConfig(flagsOf(...args))).toMatchObject({
    optimiser: 'adamw',
    schedule: 'polynomial',
    clipNorm: 5,
    learningRate: 0.001,
    weightDecay: 0.01,
  });
});

describe('help', () => {
  const help = (flag: string): string | undefined =>
    trainOptions().find(({ long }) => long === flag)?.description;

  it('tells defaults and what a flag is for', () => {
    expect(help('--batch')).toBe(
      'pictures a batch (default: 128; 32 for a network on drawn identities; P·K with --sampler pk:PxK)',
    );
    expect(help('--min-images')).toBe('leave out identities with fewer pictures (with --data; default: 2)');
    expect(help('--freeze-bn')).toBe('normalisations stay as they are (for onnx:FILE)');
    expect(help('--no-control')).toBe('without --control');
  });

  it('has every setting once', () => {
    const longs = trainOptions().map(({ long }) => long);
    expect(new Set(longs).size).toBe(longs.length);
    expect(longs).toHaveLength(everySetting().length + 1);
  });
});
