import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './testing.ts';
import { cf, metricsOf, SMALL } from './testing-cli.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

const there = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** Metrics are written after every epoch. */
const afterAnEpoch = (run: string) => async (): Promise<boolean> =>
  (await stat(join(run, 'metrics.jsonl')).catch(() => ({ size: 0 }))).size > 0;

/** A training long enough to be stopped in the middle of, on features that are there already. */
const LONG = ['--batch=2', '--epochs=8', '--dim=256', '--no-control'];
const flags = [...SMALL.filter((flag) => !/batch|epochs|dim/.test(flag)), ...LONG];

describe.concurrent('an interrupted training', () => {
  let straight: string;
  beforeAll(async () => {
    straight = join(base, 'straight');
    expect((await cf(['train', ...flags, '--out', straight])).code).toBe(0);
  });

  async function expectSameAsStraight(run: string): Promise<void> {
    const resumed = await cf(['train', '--resume', run]);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toMatch(/resumed at step \d+/);
    for (const name of ['model.onnx', 'results.json'])
      expect(await readFile(join(run, name))).toEqual(await readFile(join(straight, name)));
    expect(await metricsOf(run)).toEqual(await metricsOf(straight));
  }

  it('ends with 130 after Ctrl-C, tells how to go on, and goes on to the same model', async () => {
    const run = join(base, 'interrupted');
    const { code, stdout, stderr } = await cf(
      ['train', ...flags, '--features-from', straight, '--out', run],
      { signal: { name: 'SIGINT', when: afterAnEpoch(run) } },
    );
    expect(stderr).toMatch(
      /stopping; Ctrl-C again to stop at once\ntraining: interrupted at step \d+ of 288/,
    );
    expect(stdout).toMatch(/interrupted; go on with: cf train --resume .*interrupted\n$/);
    expect(code).toBe(130);
    expect(await there(join(run, 'checkpoint.safetensors'))).toBe(true);
    expect(await there(join(run, 'model.onnx'))).toBe(false);
    await expectSameAsStraight(run);
  });

  it('ends with 130 and a checkpoint after SIGTERM to the script, where nobody reads what it prints', async () => {
    const run = join(base, 'interrupted-unread');
    const { code } = await cf(['train', ...flags, '--features-from', straight, '--out', run], {
      program: resolve(import.meta.dirname, '../../../scripts/cf.mjs'),
      signal: { name: 'SIGTERM', when: afterAnEpoch(run) },
      unread: ['stdout', 'stderr'],
    });
    expect(code).toBe(130);
    expect(await there(join(run, 'model.onnx'))).toBe(false);
    await expectSameAsStraight(run);
  });

  it('goes on from the last checkpoint after being killed', async () => {
    const run = join(base, 'killed');
    const { code } = await cf(['train', ...flags, '--features-from', straight, '--out', run], {
      signal: { name: 'SIGKILL', when: afterAnEpoch(run) },
    });
    expect(code).toBe(null);
    expect(await there(join(run, 'checkpoint.safetensors'))).toBe(true);
    expect(await there(join(run, 'model.onnx'))).toBe(false);
    await expectSameAsStraight(run);
  });
});

it('Ctrl-C while features are extracted is clean, and the run can be resumed', async () => {
  const run = join(base, 'early');
  const { code, stdout, stderr } = await cf(['train', ...SMALL, '--no-control', '--out', run], {
    signal: { name: 'SIGINT', when: () => there(join(run, 'config.json')) },
  });
  expect(code).toBe(130);
  expect(stderr).toMatch(/features: stopped after \d+ images/);
  expect(stdout).toMatch(/interrupted; go on with: cf train --resume/);
  expect(await readdir(run)).toEqual(['config.json', 'environment.json']);
  const resumed = await cf(['train', '--resume', run]);
  expect(resumed.code).toBe(0);
  expect(resumed.stdout).toMatch(/no checkpoint yet: training from the beginning/);
});

it('a training that nobody reads goes on to its end', async () => {
  const run = join(base, 'unread');
  const { code } = await cf(['train', ...SMALL, '--no-control', '--out', run], {
    unread: ['stdout', 'stderr'],
  });
  expect(code).toBe(0);
  expect(await there(join(run, 'report.html'))).toBe(true);
});

it('Ctrl-C while faces are drawn leaves no folder behind', async () => {
  const out = join(base, 'drawing', 'faces');
  const sheet = join(base, 'faces.png');
  const args = ['faces', '--identities=20', '--images-per-identity=20', '--sheet', sheet, '--out', out];
  const { code, stdout } = await cf(args, {
    signal: { name: 'SIGINT', when: () => there(join(base, 'drawing')) },
  });
  expect([code, stdout]).toEqual([130, `contact sheet: ${sheet}\ninterrupted; no folder was written\n`]);
  expect(await there(sheet)).toBe(true);
  expect(await readdir(join(base, 'drawing'))).toEqual([]);
});
