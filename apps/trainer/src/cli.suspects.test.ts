import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './testing.ts';
import { type CliResult, cf, SMALL } from './testing-cli.ts';

let base: string;
let run: string;
let result: CliResult;
beforeAll(async () => {
  base = await temporaryFolder();
  run = join(base, 'noisy');
  const flags = ['--loss=arcface', '--sub-centers=3', '--label-noise=0.1', '--no-control', '--epochs=6'];
  expect((await cf(['train', ...SMALL, ...flags, '--out', run])).code).toBe(0);
  result = await cf(['data', 'suspects', '--run', run, '--angle', '70']);
});

const linesOf = async (path: string): Promise<readonly Record<string, unknown>[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('cf data suspects', () => {
  it('says what it found, and what it missed', async () => {
    const list = await linesOf(join(run, 'suspects.jsonl'));
    const exchanged = await linesOf(join(run, 'exchanged-labels.jsonl'));
    expect(exchanged).toHaveLength(7);
    for (const { identity, trueIdentity } of exchanged) expect(identity).not.toBe(trueIdentity);
    const noisy = new Set(exchanged.map(({ picture }) => picture));
    const right = list.filter(({ picture }) => noisy.has(picture)).length;
    expect(result.stdout).toContain(' after step 24: arcface, 3 centers a class\n');
    expect(result.stdout).toContain(`\n${list.length} of 72 pictures (`);
    expect(result.stdout).toContain(`of 7 exchanged labels ${right} are listed (recall `);
    expect(result.stdout).toContain(`and ${list.length - right} others (precision `);
    expect(result.stdout).toMatch(/\nlist: .*suspects\.jsonl, sheet: .*suspects\.png\n$/);
    expect((await stat(join(run, 'suspects.png'))).size).toBeGreaterThan(10_000);
    expect(result.code).toBe(0);
  });

  it('lets the run go on without them on the dominant centers, and again looks at one center a class', async () => {
    const list = await linesOf(join(run, 'suspects.jsonl'));
    const out = join(base, 'mended');
    const from = ['--config', join(run, 'config.json'), '--init-from', run, '--features-from', run];
    const drop = ['--drop-suspects', join(run, 'suspects.jsonl'), '--sub-centers', '1'];
    const mended = await cf(['train', ...from, ...drop, '--out', out]);
    expect(mended.stdout).toContain(`, ${72 - list.length} images to train on`);
    expect(mended.stdout).toMatch(/features of 90 images from .*noisy/);
    expect(mended.stdout).toMatch(/weights from .*noisy, and (\d+) of \1 class centers/);
    expect(mended.code).toBe(0);
    const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      subCenters: 1,
      data: { labelNoise: 0.1, dropSuspects: join(run, 'suspects.jsonl') },
    });
    const again = await cf(['data', 'suspects', '--run', out, '--out', join(base, 'again.jsonl')]);
    expect(again.stdout).toContain('one center a class, which is the dominant one');
    expect(again.code).toBe(0);
    const resumed = await cf(['train', '--resume', out]);
    expect(resumed.stdout).toContain('resumed at step');
  });

  it('writes an empty list, and no sheet, where there is none', async () => {
    const out = join(base, 'none.jsonl');
    const { stdout, code } = await cf(['data', 'suspects', '--run', run, '--angle', '180', '--out', out]);
    expect(stdout).toMatch(/\nlist: .*none\.jsonl, empty\n$/);
    expect(await readFile(out, 'utf8')).toBe('');
    await expect(stat(join(base, 'none.png'))).rejects.toThrow();
    expect(code).toBe(0);
  });

  it.each<[string, () => readonly string[], number, RegExp]>([
    ['no run', () => [], 2, /required option '--run <folder>'/],
    ['a run that is none', () => ['--run', join(base, 'x')], 3, /has no config\.json/],
    [
      'an angle past 180°',
      () => ['--run', run, '--angle', '181'],
      2,
      /angle = 181, expected 0 ≤ angle ≤ 180/,
    ],
    ['a picture as the list', () => ['--run', run, '--out', 'list.png'], 2, /--out list\.png, expected/],
    ['a list nowhere', () => ['--run', run, '--out', join(base, 'no', 'list.jsonl')], 3, /E_OUTPUT/],
  ])('refuses %s', async (_, flags, code, message) => {
    const refused = await cf(['data', 'suspects', ...flags()]);
    expect(refused.stderr).toMatch(message);
    expect(refused.code).toBe(code);
  });
});
