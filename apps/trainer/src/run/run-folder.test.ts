import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { failureOf, temporaryFolder } from '../testing.ts';
import {
  createHeldRun,
  createRunFolder,
  dropUntrained,
  openRunFolder,
  type RunFolder,
} from './run-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('createRunFolder', () => {
  it('makes a folder with those above it, or takes an empty one', async () => {
    const path = join(folder, 'a', 'b');
    expect((await createRunFolder(path)).path).toBe(path);
    expect((await createRunFolder(path)).file('network')).toBe(join(path, 'model.onnx'));
  });

  it('leaves a folder with anything in it alone', async () => {
    await writeFile(join(folder, 'thesis.txt'), 'years of work');
    const error = await failureOf(() => createRunFolder(folder));
    expect(error).toMatchObject({
      code: 'E_RUN',
      message: expect.stringMatching(/holds 1 file, .*\n.*--resume/),
    });
    expect(await readdir(folder)).toEqual(['thesis.txt']);
  });

  it('names a path that is a file', async () => {
    const path = join(folder, 'file');
    await writeFile(path, '');
    expect(await failureOf(() => createRunFolder(path))).toMatchObject({
      code: 'E_RUN',
      message: expect.stringMatching(/file', which can't be made/),
    });
  });
});

describe('createHeldRun', () => {
  it('gives a new folder to one of several', async () => {
    const path = join(folder, 'new');
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => createHeldRun(path, () => {})));
    const [run] = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.code] : [],
    );
    expect(refused).toEqual(new Array(7).fill('E_RUN'));
    await run!.requireHeld!();
    await run!.release!();
    expect(await readdir(path)).toEqual([]);
  });

  it('leaves a folder with anything in it alone, and goes with a run in which nothing was trained', async () => {
    await writeFile(join(folder, 'thesis.txt'), 'years of work');
    expect((await failureOf(() => createHeldRun(folder, () => {}))).code).toBe('E_RUN');
    expect(await readdir(folder)).toEqual(['thesis.txt']);
    const run = await createHeldRun(join(folder, 'run'), () => {});
    await run.writeText('config', '{}');
    await dropUntrained(run);
    expect(await readdir(folder)).toEqual(['thesis.txt']);
  });
});

describe('openRunFolder', () => {
  it('wants a config.json', async () => {
    expect(await failureOf(() => openRunFolder(folder))).toMatchObject({
      code: 'E_RUN',
      message: expect.stringMatching(/no config\.json/),
    });
    await writeFile(join(folder, 'config.json'), '{}');
    const run = await openRunFolder(folder);
    expect(await run.has('config')).toBe(true);
    expect(await run.has('checkpoint')).toBe(false);
  });
});

describe('dropUntrained', () => {
  const begun = async (): Promise<RunFolder> => {
    const run = await createRunFolder(join(folder, 'run'));
    await run.writeText('config', '{}');
    await run.writeText('metrics', '');
    return run;
  };

  it('takes away a run in which nothing was trained, and nothing else', async () => {
    await dropUntrained(await begun());
    expect(await readdir(folder)).toEqual([]);
    const run = await begun();
    await writeFile(join(run.path, 'notes.txt'), 'mine');
    await dropUntrained(run);
    expect(await readdir(run.path)).toEqual(['notes.txt']);
  });

  it.each(['metrics', 'features'] as const)('leaves all of one with %s', async (name) => {
    const run = await begun();
    await run.writeText(name, '{"step": 1}\n');
    const before = await readdir(run.path);
    await dropUntrained(run);
    expect(await readdir(run.path)).toEqual(before);
  });
});
