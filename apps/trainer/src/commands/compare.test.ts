import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CellRunner } from '../comparison/run-cell.ts';
import { lockRun } from '../run/run-lock.ts';
import { cellsHere, pretendedCells } from '../testing/cells.ts';
import { failureOf, temporaryFolder, withoutProgress } from '../testing.ts';
import { cf } from '../testing-cli.ts';
import { compareCommand } from './compare.ts';

withoutProgress();
afterEach(() => {
  process.exitCode = 0;
});

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

const SMALL = [
  '--identities=12',
  '--images-per-identity=4',
  '--pixels=8',
  '--dim=8',
  '--epochs=2',
  '--batch=8',
  '--no-control',
];

/** Runs `cf compare` in this process. */
async function compare(
  args: readonly string[],
  runner: CellRunner,
): Promise<{ code: unknown; text: string }> {
  const told = vi.spyOn(console, 'log').mockReturnValue(undefined);
  const program = new Command('cf').addCommand(compareCommand(runner));
  await program.parseAsync(['compare', ...args], { from: 'user' });
  return { code: process.exitCode, text: told.mock.calls.flat().join('\n') };
}

/** results.json, as far as it is looked at. */
interface Kept {
  readonly rows: readonly {
    readonly done: number;
    readonly scores: { readonly auc: object } | null;
    readonly against: { readonly auc: { readonly mean: number } };
  }[];
  readonly trainings: readonly object[];
  readonly unequalStarts: readonly object[];
  readonly pairTests: {
    readonly differences: Readonly<Record<string, { readonly auc: { readonly difference: number } }>>;
  } | null;
}

const jsonOf = async (...path: string[]): Promise<Kept> =>
  JSON.parse(await readFile(join(base, ...path), 'utf8'));

test('the variants of a seed begin alike to the last bit, whatever their loss', async () => {
  const out = join(base, 'alike');
  const { code, text } = await compare(
    // Of few people who are scored, most draws leave out a kind of pair, and say nothing.
    ['--losses=arcface,normface', '--seeds=1', ...SMALL, '--identities=60', '--out', out],
    cellsHere,
  );
  expect(code).toBe(0);
  expect(text).toMatch(/normface is not arcface in: loss\.name "arcface" → "normface"/);
  const [a, b] = await Promise.all(
    ['arcface', 'normface'].map(async (loss) =>
      (await readFile(join(out, loss, 'seed-0', 'metrics.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ),
  );
  expect(a![0].meanTargetCosine).toBe(b![0].meanTargetCosine);
  expect(a![0].loss).not.toBe(b![0].loss);
  expect(a!.at(-1).meanTargetCosine).not.toBe(b!.at(-1).meanTargetCosine);
  const { rows, unequalStarts, pairTests } = await jsonOf('alike', 'results.json');
  expect(pairTests).toMatchObject({
    unit: 'identities',
    differences: { normface: { auc: { p: expect.any(Number) } } },
  });
  expect(pairTests!.differences.normface!.auc.difference).toBeCloseTo(rows[1]!.against.auc.mean, 12);
  expect(text).toMatch(/\nnormface: accuracy [+−]0\.\d{4} \[/);
  expect(unequalStarts).toEqual([]);
  expect(rows.map((row) => row.done)).toEqual([1, 1]);
  expect(await readFile(join(out, 'report.html'), 'utf8')).toMatch(/Emphasised|Hard negatives/);
});

describe('whatever becomes of single trainings', () => {
  const auc: Record<string, number | string> = {
    'arcface/seed-0': 0.9,
    'arcface/seed-1': 0.91,
    'cosface/seed-0': 0.95,
    'cosface/seed-1': 'interrupted',
    'normface/seed-0': 'diverged',
    'normface/seed-1': 'disk full',
  };
  const pretended = pretendedCells((name) => auc[name]!);
  const flags = ['--losses=arcface,cosface,normface', '--seeds=2', ...SMALL];

  test('the others go on; a resume does what is not done, and the table says all', async () => {
    const out = join(base, 'mixed');
    const first = await compare([...flags, '--out', out], pretended);
    // By a signal to the training alone: it is not done all the same.
    expect([first.code, first.text]).toEqual([
      130,
      expect.stringMatching(/interrupted; go on with: .*--resume/),
    ]);
    expect(pretended.ran).toEqual([
      'arcface/seed-0',
      'cosface/seed-0',
      'normface/seed-0',
      'arcface/seed-1',
      'cosface/seed-1',
    ]);
    expect(first.text).toMatch(/normface, seed 0: diverged/);
    expect(await jsonOf('mixed', 'arcface', 'seed-1', 'config.json')).toMatchObject({
      seed: 1,
      data: { seed: 1 },
    });
    pretended.ran.length = 0;
    auc['cosface/seed-1'] = 0.97;
    const second = await compare(['--resume', out], pretended);
    expect(pretended.ran).toEqual(['cosface/seed-1', 'normface/seed-1']);
    expect([second.code, second.text]).toEqual([
      3,
      expect.stringMatching(/4 of 6 trainings are done already/),
    ]);
    const { rows, trainings } = await jsonOf('mixed', 'results.json');
    const [arcface, cosface, normface] = rows;
    expect(arcface!.scores!.auc).toEqual({ mean: 0.905, std: expect.closeTo(0.01 / Math.SQRT2, 12) });
    expect(cosface!.against.auc).toMatchObject({ count: 2, mean: expect.closeTo(0.055, 12), wilcoxon: 0.5 });
    expect(normface).toMatchObject({
      done: 0,
      scores: null,
      failed: [
        { seed: 0, status: 'diverged' },
        { seed: 1, message: 'disk full' },
      ],
    });
    // Two pieces of one training cost what both did.
    expect(trainings[4]).toMatchObject({
      variant: 'cosface',
      seed: 1,
      status: 'done',
      seconds: 3,
      peakMemory: 3e6,
    });
    expect(await readFile(join(out, 'table.md'), 'utf8')).toMatch(
      /\| normface \| – \|.*seed 1 failed: disk full \|/,
    );
    auc['normface/seed-1'] = 0.5;
    expect((await compare(['--resume', out], pretended)).code).toBe(4);
  });

  test('an edited comparison says what differs; variants and seeds may be added', async () => {
    const out = join(base, 'mixed');
    const again = await failureOf(() => compare([...flags, '--epochs=3', '--out', out], pretended));
    expect(again.message).toMatch(
      /holds a comparison that differs: arcface: epochs 2 → 3; cosface: epochs 2 → 3/,
    );
    const changed = await failureOf(() => compare(['--resume', out, ...flags, '--scale=8'], pretended));
    expect(changed.message).toMatch(/another comparison: arcface: loss\.params\.scale 32 → 8/);
    await expect(compare(['--resume', out, '--epochs=3'], pretended)).rejects.toThrow(
      /settings of the trainings \(epochs\)/,
    );
    pretended.ran.length = 0;
    auc['softmax/seed-0'] = 0.7;
    const added = ['--resume', out, '--losses=arcface,softmax', '--seeds=1', ...SMALL];
    expect((await compare(added, pretended)).text).toMatch(
      /new in the comparison: softmax\n.*no longer.*: cosface, normface, seed 1/,
    );
    expect(pretended.ran).toEqual(['softmax/seed-0']);
    const config = join(out, 'arcface', 'seed-0', 'config.json');
    await writeFile(config, (await readFile(config, 'utf8')).replace('"batch": 8', '"batch": 4'));
    await expect(compare(['--resume', out], pretended)).rejects.toThrow(
      /says of arcface\/seed-0: batch 8 → 4/,
    );
  });

  test('one process at a time, and nothing is written by a dry run or bad flags', async () => {
    const lock = await lockRun(join(base, 'mixed'), () => {});
    // The same process counts as another one.
    await expect(compare(['--resume', join(base, 'mixed')], pretended)).rejects.toThrow(/writes to/);
    await lock.release();
    const out = join(base, 'none');
    const { text } = await compare([...flags, '--dry-run', '--out', out], pretended);
    expect(text).toMatch(/6 trainings take about/);
    for (const bad of [
      [],
      ['--losses=arcface,arcface'],
      ['--losses=arcfase'],
      ['--losses=arcface', '--loss=normface'],
      ['--losses=arcface', '--seeds=0'],
    ])
      expect(await failureOf(() => compare([...bad, '--out', out], pretended))).toMatchObject({
        code: expect.stringMatching(/^E_USAGE|E_UNKNOWN_NAME/),
      });
    await expect(stat(out)).rejects.toThrow(/ENOENT/);
    await expect(compare(['--resume', base], pretended)).rejects.toThrow(/has no comparison\.json/);
  });
});

test('trainings run in processes of their own; programs are told all of it', async () => {
  const out = join(base, 'children');
  const ran = await cf(['compare', '--losses=arcface', '--seeds=1', ...SMALL, '--json', '--out', out], {});
  expect(ran.code).toBe(0);
  const events = ran.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const kinds = events.map(({ event }) => event);
  for (const kind of ['cell-start', 'start', 'step', 'result', 'done']) expect(kinds).toContain(kind);
  expect(events.filter(({ event }) => event === 'step')[0]).toMatchObject({
    variant: 'arcface',
    seed: 0,
    step: 1,
  });
  const cell = events.find(({ event }) => event === 'cell');
  expect(cell).toMatchObject({ status: 'done', auc: expect.any(Number) });
  expect(cell.peakMemory).toBeGreaterThan(5e7);
  expect(kinds.at(-2)).toBe('table');
});
