import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../testing.ts';
import { benchUpdate, formatUpdate, type UpdateReport } from './bench-update.ts';
import { measureUpdate, type UpdateTask } from './measure-update.ts';

const TASK: Omit<UpdateTask, 'update'> = {
  backend: 'reference',
  batch: 3,
  dim: 8,
  classes: 20,
  subCenters: 1,
  loss: 'curricularface',
  steps: 2,
  threads: 1,
  diagnostics: false,
  seed: 1,
};
const say = (): void => {};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(await temporaryFolder(), 'update-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a measurement', () => {
  test.each(['plain', 'fused'] as const)('of a %s update tells times and memory', async (update) => {
    const measured = await measureUpdate({ ...TASK, update });
    expect(measured.medianSeconds).toBeGreaterThan(0);
    expect(measured.updateSeconds).toBeGreaterThan(0);
    expect(measured.updateSeconds).toBeLessThan(measured.medianSeconds);
    expect(measured.stateBytes).toBe(2 * 4 * 20 * 8);
    if (process.platform === 'linux') expect(measured.residentMiB).toBeGreaterThan(10);
  });

  test.each(['plain', 'fused'] as const)('of a %s update may be clipped', async (update) => {
    const measured = await measureUpdate({ ...TASK, update, clipCenters: { by: 'norm', limit: 1 } });
    expect(measured.medianSeconds).toBeGreaterThan(0);
  });

  test.skipIf(process.platform === 'win32')('may have W and momentum in files', async () => {
    const measured = await measureUpdate({ ...TASK, update: 'fused', folder });
    expect(measured.medianSeconds).toBeGreaterThan(0);
    expect((await readdir(folder)).sort()).toEqual(['centers.f32', 'momentum.f32']);
  });
});

describe('a report', () => {
  /** A program that answers each task with what it was asked. */
  const answering = [
    '-e',
    `let text = ''; process.stdin.on('data', (part) => { text += part; }).on('end', () => {
      const { update, folder } = JSON.parse(text);
      const medianSeconds = update === 'fused' ? 0.5 : 2;
      console.log(JSON.stringify({ medianSeconds, updateSeconds: 0.1, productRate: 1e9, residentMiB: 90, peakExtraMiB: folder ? 7 : 5, stateBytes: 2 ** 21 }));
    });`,
  ];
  const bench = (changes: Partial<UpdateTask>, disk?: string): Promise<UpdateReport> =>
    benchUpdate({ ...TASK, update: 'fused', ...changes }, answering, { folder: disk, say });

  test('has the other way beside it', async () => {
    const report = await bench({});
    expect(report).toMatchObject({ update: 'fused', state: 'memory', limitSeconds: (6 * 3 * 8 * 20) / 1e9 });
    expect(formatUpdate(report)).toMatch(
      /^fused +500\.0 ms, of which the update 100\.0 ms; 90 MiB resident, 5/m,
    );
    expect(formatUpdate(report)).toMatch(/^plain +2\.00 s/m);
  });

  test('says what clips the gradient, and measures both ways with it', async () => {
    const echoing = [answering[0]!, answering[1]!.replace('folder ? 7', 'JSON.parse(text).clipCenters ? 7')];
    const task = { ...TASK, update: 'fused', clipCenters: { by: 'norm', limit: 1 } } as const;
    const report = await benchUpdate(task, echoing, { say });
    expect(formatUpdate(report)).toMatch(/a step with its update, clipped by norm$/m);
    expect([report.asked, report.beside]).toMatchObject([{ peakExtraMiB: 7 }, { peakExtraMiB: 7 }]);
    expect(formatUpdate(await bench({}))).toMatch(/a step with its update$/m);
  });

  test('of files takes them away, and keeps what was there', async () => {
    const before = await readdir(folder);
    const report = await bench({}, folder);
    expect(formatUpdate(report)).toMatch(/^fused, files +500\.0 ms/m);
    expect(report.asked).toMatchObject({ peakExtraMiB: 7 });
    expect(await readdir(folder)).toEqual(before);
  });

  test('says what does not fit, and measures the other', async () => {
    // Two matrices fit, three do not.
    const classes = Math.floor((totalmem() - 2 * 2 ** 30) / (2 * 4 * 8));
    const report = await bench({ classes });
    expect(report.beside).toEqual({
      skipped: expect.stringMatching(/^3 matrices of .* GiB do not fit into/),
    });
    expect(report.asked).toMatchObject({ medianSeconds: 0.5 });
    const none = await bench({ classes: 2 * classes });
    expect(none.limitSeconds).toBeNull();
    expect(formatUpdate(none)).toMatch(/^fused +not measured: 2 matrices/m);
  });

  test('needs a folder that is there', async () => {
    await expect(bench({}, join(folder, 'none'))).rejects.toThrow(/^--disk .*none: .*expected a folder/);
  });
});
