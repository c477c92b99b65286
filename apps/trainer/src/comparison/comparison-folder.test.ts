import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readResults } from '../run/kept-results.ts';
import { openRunFolder } from '../run/run-folder.ts';
import { configWith, failureOf, temporaryFolder } from '../testing.ts';
import type { Cell } from './comparison.ts';
import { makeCellFolder, readCellEnds, readComparison } from './comparison-folder.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
  await writeFile(join(base, 'config.json'), '{}');
});
const keep = (name: string, value: unknown): Promise<void> =>
  writeFile(join(base, name), JSON.stringify(value));

const whole = {
  format: 'cf-comparison-1',
  seeds: [0],
  baseline: 'a',
  variants: [{ name: 'a', config: configWith() }],
};

test.each([
  ['null', null, /\(all of it: .*, expected a comparison of format cf-comparison-1/],
  ['another format', { ...whole, format: 'x' }, /\(format: .*cf-comparison-1/],
  ['no seed', { ...whole, seeds: [] }, /\(seeds: /],
  ['a seed that is none', { ...whole, seeds: ['0'] }, /\(seeds\.0: /],
  ['a variant that is none', { ...whole, variants: [null] }, /\(variants\.0: /],
  ['a baseline that nobody is', { ...whole, baseline: 'b' }, /\(baseline: not the name of a variant/],
  [
    'a name that leads elsewhere',
    { ...whole, baseline: '../b', variants: [{ ...whole.variants[0], name: '../b' }] },
    /variant '\.\.\/b'/,
  ],
])('comparison.json with %s is one clear error', async (_, value, told) => {
  await keep('comparison.json', value);
  expect((await failureOf(() => readComparison(base))).message).toMatch(told);
});

test('a whole one is read, and so is what became of its trainings', async () => {
  await keep('comparison.json', whole);
  expect(await readComparison(base)).toMatchObject({ seeds: [0], baseline: 'a' });
  expect(await readCellEnds(base)).toEqual({});
  const end = { status: 'failed', seconds: 1, peakMemory: null, message: 'disk full' };
  await keep('cells.json', { 'a/seed-0': end });
  expect(await readCellEnds(base)).toEqual({ 'a/seed-0': end });
  for (const wrong of [[1], null, { 'a/seed-0': null }, { 'a/seed-0': { ...end, status: 'gone' } }]) {
    await keep('cells.json', wrong);
    expect((await failureOf(() => readCellEnds(base))).message).toMatch(/cells\.json' \(.*: /);
  }
});

test('scores of a run that no training wrote are one clear error', async () => {
  const run = await openRunFolder(base);
  const pairs = {
    genuinePairs: 1,
    impostorPairs: 1,
    auc: 1,
    eer: 0,
    tarAtFar: [{ far: 0.1, tar: null, threshold: null }],
  };
  const result = { name: 'trained', accuracy: 1, std: 0, scoredPairs: pairs };
  await keep('results.json', [result]);
  expect(await readResults(run)).toEqual([result]);
  for (const wrong of [
    null,
    [],
    [{ name: 'trained' }],
    [{ ...result, scoredPairs: { ...pairs, auc: '1' } }],
  ]) {
    await keep('results.json', wrong);
    expect((await failureOf(() => readResults(run))).message).toMatch(
      /results\.json' \(.*: .*expected scores as a/,
    );
  }
});

test('a cell is handed what another has found by looking at all pictures, and nothing where nobody has looked', async () => {
  const cell = (name: string): Cell => ({
    name,
    variant: name,
    seed: 0,
    folder: join(base, name),
    config: configWith(),
  });
  const cells = [cell('first'), cell('second')];
  await makeCellFolder(cells[0]!, cells);
  expect(await readdir(cells[0]!.folder)).toEqual(['config.json']);
  await keep('first/scored-and-trained.json', { searched: 'these', alike: [] });
  await makeCellFolder(cells[1]!, cells);
  const handedOn = await readFile(join(cells[1]!.folder, 'scored-and-trained.json'), 'utf8');
  expect(JSON.parse(handedOn)).toEqual({ searched: 'these', alike: [] });
});

test('a cell is handed the features of another with the same backbone, of its own seed first', async () => {
  const cell = (name: string, seed: number, pixels = 8): Cell => ({
    name,
    variant: name,
    seed,
    folder: join(base, name),
    config: configWith({ pixels }),
  });
  const given = [cell('other-seed', 0), cell('other-pixels', 1, 16), cell('fitting', 1)];
  for (const { name } of given) {
    await mkdir(join(base, name));
    await writeFile(join(base, name, 'features.safetensors'), name);
  }
  const handed = async (cell: Cell): Promise<string> => {
    await makeCellFolder(cell, [...given, cell]);
    return readFile(join(cell.folder, 'features.safetensors'), 'utf8');
  };
  expect(await handed(cell('b', 1))).toBe('fitting');
  expect(await handed(cell('c', 2))).toBe('other-seed');
  await expect(handed(cell('d', 1, 32))).rejects.toThrow('ENOENT');
});
