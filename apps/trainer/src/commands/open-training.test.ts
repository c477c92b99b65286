import { basename } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { openTraining } from './open-training.ts';

const before = process.cwd();
afterEach(() => {
  vi.useRealTimers();
  process.chdir(before);
});

it('trainings that nobody named and that begin within the same second have folders of their own', async () => {
  process.chdir(await temporaryFolder());
  vi.useFakeTimers({ toFake: ['Date'] });
  const folders: string[] = [];
  for (const milliseconds of ['000', '007', '999']) {
    vi.setSystemTime(new Date(`2026-02-03T04:05:06.${milliseconds}Z`));
    const { place } = await openTraining({}, () => {});
    if (place.resume) throw new Error('nothing was to be resumed');
    const run = await place.open();
    folders.push(basename(run.path));
    await run.release?.();
  }
  expect(folders).toEqual(['000', '007', '999'].map((part) => `2026-02-03T04-05-06-${part}`));
});
