import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSyntheticFolder } from '@cf/data';
import { expect, it } from 'vitest';
import { smallOnnx } from '../../testing/onnx-files.ts';
import { temporaryFolder, withoutProgress } from '../../testing.ts';
import { formatData } from './bench-data.ts';
import { measureData } from './measure-data.ts';

withoutProgress();

it('a tenth in memory is measured beside all of it', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'small.onnx');
  const faces = join(folder, 'faces');
  await writeSyntheticFolder(faces, { seed: 0, identities: 6, imagesPerIdentity: 4 });
  await writeFile(file, smallOnnx());
  const flags = { backbone: `onnx:${file}`, data: faces, batch: 8, threads: 1 };
  const [whole, tenth] = [
    await measureData({ flags, share: 1, steps: 10 }),
    await measureData({ flags, share: 0.1, steps: 10 }),
  ];
  expect(whole).toMatchObject({ pictures: 24, kept: 24, workers: 0, stepsPerEpoch: 2 });
  expect(tenth).toMatchObject({ pictures: 24, kept: 2 });
  expect(tenth.workers).toBeGreaterThan(0);
  for (const { imagesPerSecond, dataShare, residentMiB } of [whole, tenth]) {
    expect(imagesPerSecond).toBeGreaterThan(0);
    expect(dataShare).toBeLessThan(1);
    expect(residentMiB).toHaveLength(10);
  }
  const report = { whole: { ...whole, residentMiB: [100, 104.4] }, tenth, ratio: 0.97 };
  const lines = formatData(report).split('\n');
  expect(lines[0]).toMatch(
    /^24 of 24 pictures in memory, 0 threads for data: [\d.]+ images\/s, [\d.]+ ms of the processor a picture, [\d.]+ % of the time/,
  );
  expect(lines[1]).toBe('  memory at every tenth of the steps: 100 104 MiB, +4 from the first to the last');
  expect(lines.at(-1)).toBe('a folder of ten times the budget trains at 0.97 times the images/s');
});
