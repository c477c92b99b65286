import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { failure } from '../testing.ts';
import { findHumanPackages, humanDetector } from './human-detector.ts';

it('an absent package is named with the line that brings it', async () => {
  const missing = (name: string): string => {
    if (name === '@vladmandic/human') throw new Error('Cannot find module');
    return `/modules/${name}/index.js`;
  };
  expect(await failure(() => findHumanPackages(missing))).toContain(
    '[E_FACE_DETECTOR]: without the package @vladmandic/human, expected',
  );
  await expect(findHumanPackages(missing)).rejects.toThrow('Fix: run npm install @vladmandic/human, or give');
});

it('the files of the networks lie where they are looked for', async () => {
  const { models, version } = await findHumanPackages();
  for (const name of ['blazeface.json', 'blazeface.bin', 'facemesh.json', 'facemesh.bin'])
    expect(existsSync(join(models, name)), name).toBe(true);
  expect(version).toMatch(/^\d+\.\d+/);
});

it('finds nothing in a picture of one colour, prints nothing, and ends with close', async () => {
  const written = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write'));
  const detector = await humanDetector({ threads: 1 });
  const data = new Uint8Array(64 * 48 * 3).fill(90);
  expect(await detector.detect({ width: 64, height: 48, channels: 3, data })).toEqual([]);
  await detector.close();
  for (const spy of written) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
  await expect(humanDetector({ threads: 0 })).rejects.toThrow('threads = 0');
});
