import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnknownNameError } from '@cf/core';
import { describe, expect, test } from 'vitest';
import { RunFolderError, UsageError } from '../errors.ts';
import { failureOf, temporaryFolder } from '../testing.ts';
import { readComparisonFile, seedsOf, variantName } from './comparison-file.ts';
import { resolveComparison, variantDifferences } from './resolve-comparison.ts';

async function read(text: string): ReturnType<typeof readComparisonFile> {
  const path = join(await temporaryFolder(), 'compare.yaml');
  await writeFile(path, text);
  return readComparisonFile(path);
}

test('variants are flags over the settings, by names with or without hyphens', async () => {
  const asked = await read(`
seeds: [4, 0]
baseline: adaptive
settings: { loss: curricularface, pixels: 8, images-per-identity: 4, imagesPerIdentity: 5, control: false }
variants:
  adaptive:
  paper: { alpha: 0.99 }
  fixed: { alpha: 0, loss-option: { tInitial: 0.3 }, epochs: 7 }
`);
  const { seeds, baseline, variants } = resolveComparison(asked);
  expect([seeds, baseline]).toEqual([[4, 0], 'adaptive']);
  const [adaptive, paper, fixed] = variants.map(({ config }) => config);
  expect(adaptive).toMatchObject({
    seed: 4,
    data: { kind: 'synthetic', seed: 4, imagesPerIdentity: 5 },
    evaluation: { control: false },
    loss: { name: 'curricularface' },
  });
  expect(paper!.loss.params.alpha).toBe(0.99);
  expect(fixed!.loss.params).toMatchObject({ alpha: 0, tInitial: 0.3 });
  expect([...variantDifferences({ seeds, baseline, variants })]).toEqual([
    ['paper', ['loss.params.alpha none → 0.99']],
    ['fixed', ['loss.params.tInitial none → 0.3', 'loss.params.alpha none → 0', 'epochs 10 → 7']],
  ]);
});

describe('what is wrong with a file is told', () => {
  test.each([
    ['variants: { a: { epoch: 3 } }', /^setting of variant a .*'epoch'/, /epochs/],
    ['variant: {}', /^field of .*'variant'/, /variants/],
    ['seeds: 3', /^variants of .* = undefined/, /--help/],
    ['variants: [a]', /^variants of .* = \["a"\]/, /./],
    ['variants: { "a b": {} }', /^variant 'a b'/, /folder/],
    ['variants: { a: { seed: 3 } }', /^seed of variant a/, /seeds/],
    ['variants: { a: { epochs: [1] } }', /^epochs of variant a .* = \[1\]/, /cf train --help/],
    ['seeds: 0\nvariants: { a: {} }', /^seeds of .* 0/, /0, 1, 2/],
    ['baseline: 3\nvariants: { a: {} }', /^baseline = 3/, /variants/],
    ['variants: {', /compare\.yaml' \(/, /indentation/],
  ])('%s', async (text, given, fix) => {
    const error = await failureOf(() => read(text));
    expect(error.message).toMatch(given);
    expect(error.message).toMatch(fix);
    expect([UsageError, UnknownNameError, RunFolderError].some((kind) => error instanceof kind)).toBe(true);
  });

  test('and what its variants come to, by their names', async () => {
    const resolved = async (text: string): Promise<unknown> => resolveComparison(await read(text));
    await expect(resolved('variants: { a: {}, low: { epochs: 0 } }')).rejects.toThrow(
      /^variant low: epochs = 0/,
    );
    await expect(resolved('variants: { plain: { loss: normface, margin: 1 } }')).rejects.toThrow(
      /^variant plain: /,
    );
    await expect(resolved('baseline: b\nvariants: { a: {} }')).rejects.toThrow(/baseline/);
    await expect(resolved('variants: {}')).rejects.toThrow(/^no variant/);
  });
});

test('seeds are a number of them, or themselves', () => {
  expect(seedsOf('3', '--seeds')).toEqual([0, 1, 2]);
  expect(seedsOf('7, 0', '--seeds')).toEqual([7, 0]);
  for (const bad of ['', '0', '-1', '1.5', '1,1', '1,', 'a', '1001'])
    expect(() => seedsOf(bad, '--seeds')).toThrow(UsageError);
  for (const bad of ['', '..', '.x', 'a/b', 'a b', '-x', 'é'.repeat(101)])
    expect(() => variantName(bad)).toThrow(UsageError);
  expect(variantName('t=0.3')).toBe('t=0.3');
});
