import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cf-folder-'));
});
afterAll(() => rm(base, { recursive: true }));

it('makes what is missing above, and takes what is there', async () => {
  const path = join(base, 'a', 'b', 'c');
  await makeFolder(path);
  await makeFolder(path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

it('makes one folder where several ask for it at a time', async () => {
  const path = join(base, 'many', 'a', 'b', 'c');
  await Promise.all(Array.from({ length: 16 }, () => makeFolder(path)));
  expect((await stat(path)).isDirectory()).toBe(true);
});

it('says what the system says below a file, and of a link to nothing', async () => {
  await writeFile(join(base, 'file'), '');
  await expect(makeFolder(join(base, 'file', 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolder(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await symlink(join(base, 'none', 'at', 'all'), join(base, 'dangling'));
  await expect(makeFolder(join(base, 'dangling'))).rejects.toMatchObject({ code: 'EEXIST' });
});

it.skipIf(process.platform !== 'linux')(
  'ends where a file system refuses folders (needs Linux)',
  async () => {
    await expect(makeFolder('/proc/cf-none/x')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(makeFolder('/dev/null/x')).rejects.toMatchObject({ code: 'ENOTDIR' });
  },
);

it('makes one folder for many that ask at the same time', async () => {
  const path = join(base, 'd', 'e');
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)));
  expect((await stat(path)).isDirectory()).toBe(true);
});
