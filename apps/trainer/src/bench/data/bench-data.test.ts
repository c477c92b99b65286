import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSyntheticFolder } from '@cf/data/node';
import { expect, it } from 'vitest';
import { smallOnnx } from '../../testing/onnx-files.ts';
import { temporaryFolder, withoutProgress } from '../../testing.ts';
import { formatData } from './bench-data.ts';
import { measureData } from './measure-data.ts';

withoutProgress();

it('a tenth in memory, with the disk and without, is measured beside all of it', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'small.onnx');
  const faces = join(folder, 'faces');
  await writeSyntheticFolder(faces, { seed: 0, identities: 6, imagesPerIdentity: 4 });
  await writeFile(file, smallOnnx());
  const flags = { backbone: `onnx:${file}`, data: faces, batch: 8, threads: 1 };
  const [whole, disk, decoded] = [
    await measureData({ flags, share: 1, steps: 10 }),
    await measureData({ flags, share: 0.1, disk: folder, steps: 10 }),
    await measureData({ flags: { ...flags, batch: 100 }, share: 0.1, steps: 10 }),
  ];
  expect(whole).toMatchObject({ pictures: 24, kept: 24, onDisk: 0, workers: 0, stepsPerEpoch: 2 });
  expect(disk).toMatchObject({ pictures: 24, kept: 2, onDisk: 22 });
  // A batch that is larger than all pictures takes them all.
  expect(decoded).toMatchObject({ pictures: 24, kept: 2, onDisk: 0, stepsPerEpoch: 1 });
  expect(decoded.workers).toBeGreaterThan(0);
  for (const { imagesPerSecond, dataShare, residentMiB, grownMiB } of [whole, disk, decoded]) {
    expect(imagesPerSecond).toBeGreaterThan(0);
    expect(dataShare).toBeLessThan(1);
    expect(residentMiB).toHaveLength(10);
    // From the fourth of ten steps on.
    expect(grownMiB).toBe(residentMiB[9]! - residentMiB[3]!);
  }
  const known = { ...whole, residentMiB: [100, 104.4], grownMiB: 4.4 };
  const report = { whole: known, disk, decoded, ratio: 0.97, decodedRatio: 0.8 };
  const lines = formatData(report).split('\n');
  expect(lines[0]).toMatch(
    /^24 of 24 pictures in memory, 0 threads for data: [\d.]+ images\/s, [\d.]+ ms of the processor a picture, [\d.]+ % of the time/,
  );
  expect(lines[1]).toBe('  memory at every tenth of the steps: 100 104 MiB, +4 MiB over the last two thirds');
  expect(lines[2]).toMatch(/^2 of 24 pictures in memory, 22 on disk, /);
  expect(lines[4]).toMatch(/^2 of 24 pictures in memory, the others decoded again, /);
  expect(lines.at(-1)).toBe(
    'a folder of ten times the budget trains at 0.97 times the images/s; at 0.80 times without the disk',
  );
});
