import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { failureOf, temporaryFolder } from '../testing.ts';
import { openMetrics, readMetrics, trimMetrics } from './metrics-file.ts';
import { createRunFolder, type RunFolder } from './run-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('metrics', () => {
  const steps = async (run: RunFolder, last?: number): Promise<number[]> =>
    (await readMetrics(run, last)).map(({ step }) => step);

  it('are appended as lines, over several openings', async () => {
    const run = await createRunFolder(folder);
    expect(await steps(run)).toEqual([]);
    for (const records of [[{ step: 1 }, { step: 2 }], [], [{ step: 3 }]]) {
      const log = await openMetrics(run);
      await log.append(records);
      await log.close();
    }
    expect(await readFile(run.file('metrics'), 'utf8')).toBe('{"step":1}\n{"step":2}\n{"step":3}\n');
    expect(await steps(run)).toEqual([1, 2, 3]);
    expect(await steps(run, 2)).toEqual([1, 2]);
  });

  it('lose a line that a crash cut short', async () => {
    const run = await createRunFolder(folder);
    await writeFile(run.file('metrics'), '{"step":1}\n{"step":2,"loss":0.5}\n{"step":3,"lo');
    expect(await steps(run)).toEqual([1, 2]);
    await trimMetrics(run, 3);
    expect(await readFile(run.file('metrics'), 'utf8')).toBe('{"step":1}\n{"step":2,"loss":0.5}\n');
  });

  it.each(['{"step":2,"lo', 'null', '{"loss":0.5}'])(
    'are refused, and left as they are, with %j as a line before the last',
    async (line) => {
      const run = await createRunFolder(folder);
      const text = `{"step":1}\n${line}\n{"step":3}\n`;
      await writeFile(run.file('metrics'), text);
      expect(await failureOf(() => trimMetrics(run, 3))).toMatchObject({
        code: 'E_RUN',
        message: expect.stringMatching(/line 2 of '.*metrics\.jsonl', expected a JSON object with a step/),
      });
      expect(await readFile(run.file('metrics'), 'utf8')).toBe(text);
    },
  );

  it('are none only where there is no file', async () => {
    const run = await createRunFolder(folder);
    await mkdir(run.file('metrics'));
    expect(await failureOf(() => readMetrics(run))).toMatchObject({
      code: 'E_RUN',
      message: expect.stringMatching(/metrics\.jsonl' \(it is a folder\)/),
    });
  });

  it('are trimmed to a step', async () => {
    const run = await createRunFolder(folder);
    await writeFile(run.file('metrics'), '{"step":1,"t":null}\n{"step":2,"t":0.25}\n{"step":3,"t":1e-7}\n');
    await trimMetrics(run, 2);
    expect(await readFile(run.file('metrics'), 'utf8')).toBe('{"step":1,"t":null}\n{"step":2,"t":0.25}\n');
    await trimMetrics(run, 0);
    expect(await readFile(run.file('metrics'), 'utf8')).toBe('');
  });

  it('name the file where it can not be opened', async () => {
    const run = await createRunFolder(folder);
    await mkdir(run.file('metrics'));
    expect(await failureOf(() => openMetrics(run))).toMatchObject({
      code: 'E_OUTPUT',
      message: expect.stringMatching(/metrics\.jsonl/),
    });
  });
});
