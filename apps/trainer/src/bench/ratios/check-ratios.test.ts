import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testing.ts';
import { checkRatios, checkText, ratiosAnew } from './check-ratios.ts';
import type { RatioSource } from './ratio-sources.ts';
import { type KeptRatio, machineName, readRatios, writeRatios } from './ratios-file.ts';

const source = (a: number, isThere: boolean): RatioSource => ({
  args: ['bench', `of-${a}`],
  hasPeer: true,
  ratios: ({ value }: { value: number }) => [
    { name: `a ${a}`, ratio: value },
    { name: `b ${a}`, ratio: isThere ? 2 * value : undefined, skipped: 'no torch' },
  ],
  limitGflopPerSecond: () => 100,
});

const kept = (name: string, ratio: number, machine: string = machineName()): KeptRatio => ({
  name,
  ratio,
  limitGflopPerSecond: 90,
  machine,
  date: '2020-01-01',
  command: 'cf bench x',
});

const PROGRAM = [
  '-e',
  'console.log(JSON.stringify({ value: Number(process.argv.find((a) => /^of-/.test(a)).slice(3)) }))',
  '--',
];
const options = { only: undefined, program: PROGRAM, python: 'none', say: () => {} };

test('tells what fell by more than 15 %, what is new, and what is not there', async () => {
  const report = await checkRatios({
    ...options,
    kept: [kept('a 84', 100), kept('a 86', 100, 'another'), kept('b 84', 3)],
    sources: [source(84, false), source(86, true)],
  });
  expect(report.checked.map(({ name, fell }) => [name, fell])).toEqual([
    ['a 84', true],
    ['a 86', false],
    ['b 86', false],
  ]);
  expect(report.skipped).toEqual([{ name: 'b 84', reason: 'no torch' }]);
  const text = checkText(report);
  expect(text).toMatch(/FELL +84\.00 +-16 % of 100\.00 +a 84\n/);
  expect(text).toMatch(/measured elsewhere: another\n/);
  expect(checkText({ ...report, load: 2.5 })).toMatch(/others use the machine \(load 2\.5 a thread\)/);
  expect(checkText({ ...report, load: 0.1 })).not.toMatch(/others use the machine/);
  expect(text).toMatch(/skipped: b 84 \(no torch\)\n3 measured, 1 fell by more than 15 %, 1 skipped$/);
});

test('a command that fails is skipped with its reason; only what was asked for is run', async () => {
  const failing = ['-e', 'console.error("no such thing"); process.exit(2)', '--'];
  const sources = [source(1, true), source(2, true)];
  const report = await checkRatios({ ...options, kept: [], program: failing, only: 'of-2', sources });
  expect(report.checked).toEqual([]);
  expect(report.skipped).toEqual([
    { name: 'cf bench of-2', reason: expect.stringContaining('no such thing') },
  ]);
});

test('the file is written anew with what was measured, and the rest stays', async () => {
  const folder = await temporaryFolder();
  const before = [kept('b 7', 3), kept('a 7', 6), kept('another', 1)];
  const report = await checkRatios({ ...options, kept: before, sources: [source(7, false)] });
  const path = join(folder, 'ratios.json');
  await writeRatios(path, ratiosAnew(before, report));
  const { ratios } = await readRatios(path);
  expect(ratios.map(({ name, ratio }) => [name, ratio])).toEqual([
    ['a 7', 7],
    ['b 7', 3],
    ['another', 1],
  ]);
  expect(ratios[0]).toMatchObject({
    limitGflopPerSecond: 100,
    machine: machineName(),
    command: 'cf bench of-7',
  });
  await expect(readRatios(join(folder, 'none.json'))).rejects.toThrow(/none\.json' \(ENOENT.*--write/s);
  await rm(folder, { recursive: true, force: true });
});
