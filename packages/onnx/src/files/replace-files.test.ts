import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { replaceFiles } from './replace-files.ts';

/** Calls until the disk fails. */
const disk = vi.hoisted(() => ({
  left: Number.POSITIVE_INFINITY,
  /** Called after each rename: a process may be killed then. */
  afterRename: async (): Promise<void> => {},
}));
function used(): void {
  if (disk.left-- === 0)
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
}

vi.mock('node:fs/promises', async (load) => {
  const original = await load<typeof import('node:fs/promises')>();
  return {
    ...original,
    rename: async (from: string, to: string) => {
      used();
      await original.rename(from, to);
      await disk.afterRename();
    },
    open: async (path: string, flags?: string) => {
      const handle = await original.open(path, flags);
      if (flags !== 'wx') return handle;
      const write = handle.write.bind(handle) as (...given: unknown[]) => Promise<unknown>;
      return Object.assign(handle, {
        write: async (...given: unknown[]) => {
          used();
          return write(...given);
        },
      }) as FileHandle;
    },
  };
});

const base = await mkdtemp(join(tmpdir(), 'cf-replace-'));
afterAll(() => rm(base, { recursive: true, force: true }));

const file = (name: string, text: string): Parameters<typeof replaceFiles>[1] => {
  const bytes = new TextEncoder().encode(text);
  return { path: join(base, name), size: bytes.length, pieces: [{ offset: 0, bytes }] };
};
const contents = async (): Promise<Record<string, string>> => {
  const names = (await readdir(base)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(base, name), 'utf8')));
  return Object.fromEntries(names.map((name, i) => [name, texts[i]!]));
};

test.each<[string, Partial<Record<'a' | 'b' | 'model', string>>]>([
  ['nothing', {}],
  ['all of them', { a: 'old', b: 'old', model: 'old' }],
  ['the model', { model: 'old' }],
  ['a side file', { b: 'old' }],
])('wherever the disk fails, all is as it was: over %s', async (_, old) => {
  let failures = 0;
  for (let calls = 0; ; calls++) {
    for (const name of await readdir(base)) await rm(join(base, name));
    for (const [name, text] of Object.entries(old)) await writeFile(join(base, name), text);
    disk.left = calls;
    disk.afterRename = async () => {
      const now = await contents();
      // What says how the others are read is there only beside those that it knows.
      if (now.model === 'new') expect(now, 'a mixture').toMatchObject({ a: 'new', b: 'new' });
      if (now.model === 'old') expect(now, 'a mixture').toMatchObject(old);
    };
    const failed = await replaceFiles([file('a', 'new'), file('b', 'new')], file('model', 'new')).then(
      () => false,
      () => {
        // What puts all back does not fail again.
        return true;
      },
    );
    disk.left = Number.POSITIVE_INFINITY;
    disk.afterRename = async () => {};
    if (!failed) break;
    failures++;
    expect(await contents(), `after ${calls} calls`).toEqual(old);
  }
  expect(failures).toBeGreaterThanOrEqual(6);
  expect(await contents()).toEqual({ a: 'new', b: 'new', model: 'new' });
});

test('a file may end in zeros that no piece holds', async () => {
  await replaceFiles([{ path: join(base, 'zeros'), size: 10, pieces: [] }], file('model', 'x'));
  expect((await readFile(join(base, 'zeros'))).length).toBe(10);
});
