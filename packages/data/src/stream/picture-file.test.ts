import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { PictureFile, pixelsOnDisk } from './picture-file.ts';

const SIZE = 3000;
const pictureOf = (index: number): Uint8Array => new Uint8Array(SIZE).fill(index + 1);

async function fileOf(count: number, maxBytes?: number) {
  const folder = await temporaryFolder();
  const said: string[] = [];
  const options = { folder, ...(maxBytes !== undefined && { maxBytes }) };
  const file = new PictureFile(options, count, SIZE, (line) => said.push(line));
  return { folder, file, said };
}

/** Open files of this process below a folder, also those without a name. */
function openBelow(folder: string): readonly string[] {
  const link = (name: string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return '';
    }
  };
  return readdirSync('/proc/self/fd')
    .map(link)
    .filter((path) => path.startsWith(folder));
}

it('keeps the first that fit, in the order in which they come', async () => {
  const { file } = await fileOf(5, 3 * SIZE + 1);
  for (const index of [4, 0, 2, 1]) await file.keep(index, pictureOf(index));
  expect(file.kept).toBe(3);
  for (let index = 0; index < 5; index++) {
    const expected = [4, 0, 2].includes(index) ? pictureOf(index) : undefined;
    expect(await pixelsOnDisk(file.pictures!, index)).toEqual(expected);
  }
  await file.close();
});

it.skipIf(process.platform !== 'linux')('has no name while it is read, and is gone with it', async () => {
  const { folder, file } = await fileOf(2);
  await file.keep(1, pictureOf(1));
  expect([await readdir(folder), openBelow(folder)]).toEqual([[], [expect.stringContaining('(deleted)')]]);
  const known = file.pictures!;
  await file.close();
  expect(openBelow(folder)).toEqual([]);
  // A descriptor of that number is another file's by now.
  const other = join(folder, 'other');
  await writeFile(other, new Uint8Array(SIZE));
  const opened = [openSync(other, 'r')];
  while (opened.at(-1)! < known.descriptor) opened.push(openSync(other, 'r'));
  expect([file.kept, await pixelsOnDisk(known, 1)]).toEqual([0, undefined]);
  for (const descriptor of opened) closeSync(descriptor);
});

it('takes away what a process left where files keep their names, and nothing else', async () => {
  const { folder, file } = await fileOf(1);
  await writeFile(join(folder, 'decoded-pictures.0a7dcd6e-6b3c-4d0e-9d51-1a2b3c4d5e6f.raw'), 'left');
  await writeFile(join(folder, 'decoded-pictures.txt'), 'mine');
  await file.keep(0, pictureOf(0));
  await file.close();
  expect(await readdir(folder)).toEqual(['decoded-pictures.txt']);
});

it('makes no file where there is no room for one picture', async () => {
  const { file, said } = await fileOf(1, SIZE - 1);
  await file.keep(0, pictureOf(0));
  expect([file.pictures, said]).toEqual([undefined, []]);
});

it.each(['read', 'written'])('tells once where it can be %s no more', async (what) => {
  const { folder, file, said } = await fileOf(4);
  await file.keep(0, pictureOf(0));
  const { descriptor } = file.pictures!;
  if (what === 'read') {
    ftruncateSync(descriptor, SIZE - 1);
    const both = [pixelsOnDisk(file.pictures!, 0), pixelsOnDisk(file.pictures!, 0)];
    expect(await Promise.all(both)).toEqual([undefined, undefined]);
    for (let i = 0; i < 2; i++) file.tellFailure();
    const reason = 'it has become shorter';
    expect(said).toEqual([
      `the file of decoded pictures can't be read any more (${reason}): they are decoded again`,
    ]);
    return file.close();
  }
  closeSync(descriptor);
  for (let index = 1; index < 4; index++) await file.keep(index, pictureOf(index));
  expect(said).toEqual([
    `decoded pictures can't be kept on disk, in ${folder} (EBADF): they are decoded again`,
  ]);
  expect(file.kept).toBe(0);
});

it.skipIf(process.platform === 'win32')('a picture that is written in part is none', async () => {
  const { folder } = await fileOf(0);
  const program = `
    const { PictureFile } = await import(${JSON.stringify(join(import.meta.dirname, 'picture-file.ts'))});
    const said = [];
    const file = new PictureFile({ folder: ${JSON.stringify(folder)} }, 3, ${SIZE}, (line) => said.push(line));
    for (let index = 0; index < 3; index++) await file.keep(index, new Uint8Array(${SIZE}));
    console.log(JSON.stringify([file.kept, said.length]));`;
  // A file may have 8 KiB: two pictures, and a part of the third.
  const limited = 'ulimit -f 8 && exec "$0" --input-type=module -e "$1"';
  const { stdout, stderr } = spawnSync('bash', ['-c', limited, process.execPath, program], {
    encoding: 'utf8',
  });
  expect([stdout.trim(), stderr]).toEqual(['[0,1]', '']);
});

const disk = await temporaryFolder();
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk]).status === 0;

it.skipIf(!mounted)('a full disk is told once, and left as it was (needs the right to mount)', async () => {
  try {
    const folder = join(disk, 'run');
    await mkdir(folder);
    const said: string[] = [];
    const file = new PictureFile({ folder, maxBytes: 100 * SIZE }, 9, SIZE, (line) => said.push(line));
    for (let index = 0; index < 9; index++) await file.keep(index, pictureOf(index));
    expect(said).toEqual([
      expect.stringMatching(/^decoded pictures can't be kept .* \((the disk is full|ENOSPC)\): /),
    ]);
    expect(file.kept).toBe(0);
    // What others write has all the room again.
    await writeFile(join(folder, 'checkpoint'), new Uint8Array(12_000));
  } finally {
    spawnSync('umount', [disk]);
  }
});
