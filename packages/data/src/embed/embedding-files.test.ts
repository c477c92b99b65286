import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, temporaryFolder } from '../testing.ts';
import { npyHeader, parseNpy } from './npy.ts';
import { readEmbeddings } from './read-embeddings.ts';
import { createEmbeddingFile, type EmbeddingFileOptions } from './write-embeddings.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

const pictures = ['Ann/1.jpg', 'Ann/2.jpg', 'Zoë "Z"/ü.jpg', 'Bob/1.jpg'].map((picture) => ({
  picture,
  identity: picture.split('/')[0]!,
}));
/** Rows 0, 2 and 3, in two batches. */
const rows = Float32Array.from([1, 2, 3, -4, 0.5, 6]);
const batches = [
  { indices: Int32Array.of(0), rows: rows.subarray(0, 2) },
  { indices: Int32Array.of(2, 3), rows: rows.subarray(2) },
];

async function written(name: string, options: Partial<EmbeddingFileOptions> = {}): Promise<string> {
  const path = join(base, name);
  const file = await createEmbeddingFile(path, { dim: 2, pictures, ...options });
  for (const batch of batches) await file.add(batch);
  const files = await file.finish();
  expect(files[0]).toBe(path);
  return path;
}

describe.each(['safetensors', 'npy'])('a file of embeddings, %s', (ending) => {
  it('comes back as it was, without the pictures that were left out, also of float16', async () => {
    const path = await written(`faces.${ending}`, { metadata: { model: 'abc' } });
    const found = await readEmbeddings(path);
    expect(found.rows).toEqual(rows);
    expect([found.dim, found.pictures]).toEqual([2, [pictures[0], pictures[2], pictures[3]]]);
    expect(found.metadata).toEqual(ending === 'npy' ? {} : { model: 'abc', format: 'cf-embeddings-1' });
    const half = await readEmbeddings(await written(`half.${ending}`, { type: 'float16' }));
    expect(half.rows).toEqual(rows);
  });

  it('may have no rows, and any number of columns', async () => {
    const path = join(base, `none.${ending}`);
    await (await createEmbeddingFile(path, { dim: 513, pictures })).finish();
    expect(await readEmbeddings(path)).toMatchObject({ dim: 513, pictures: [], rows: new Float32Array(0) });
  });

  it('is not there until it is whole, and leaves what was there before where it is given up', async () => {
    const folder = join(base, `aside-${ending}`);
    await mkdir(folder);
    const path = join(folder, `faces.${ending}`);
    await writeFile(path, 'before');
    const file = await createEmbeddingFile(path, { dim: 2, pictures });
    await file.add(batches[0]!);
    expect(await readdir(folder)).toHaveLength(2);
    await file.abandon();
    expect(await readdir(folder)).toEqual([`faces.${ending}`]);
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  it('is as it was before where its process is killed', async () => {
    const folder = join(base, `killed-${ending}`);
    await mkdir(folder);
    const path = join(folder, `faces.${ending}`);
    await writeFile(path, 'before');
    const program = `
      import { createEmbeddingFile } from '${new URL('write-embeddings.ts', import.meta.url)}';
      const pictures = [{ picture: 'a.jpg', identity: 'A' }];
      const file = await createEmbeddingFile('${path}', { dim: 2, pictures });
      await file.add({ indices: Int32Array.of(0), rows: Float32Array.of(1, 2) });
      process.kill(process.pid, 'SIGKILL');`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
    expect(signal).toBe('SIGKILL');
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('takes away what a process that was killed has left, once it is old', async () => {
    const folder = join(base, `left-${ending}`);
    await mkdir(folder);
    const [old, young] = [`.faces.${ending}-a.partial`, `.faces.${ending}-b.partial`];
    for (const name of [old, young]) await writeFile(join(folder, name), '');
    await utimes(join(folder, old), 1, 1);
    await (await createEmbeddingFile(join(folder, `faces.${ending}`), { dim: 2, pictures })).abandon();
    expect(await readdir(folder)).toEqual([young]);
  });

  it('says by its name and the byte what is wrong with it', async () => {
    const path = await written(`cut.${ending}`);
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, -3));
    expect(await failure(() => readEmbeddings(path))).toMatch(
      /^EmbeddingFileError \[E_EMBEDDING_FILE\]: .*cut\..*cut short/,
    );
    await writeFile(path, whole.subarray(0, 5));
    expect(await failure(() => readEmbeddings(path))).toMatch(
      /EmbeddingFileError \[E_EMBEDDING_FILE\]: .*(only 5|cut short)/,
    );
    await writeFile(path, '');
    expect(await failure(() => readEmbeddings(path))).toMatch(/^EmbeddingFileError/);
  });

  it('no change of a byte of its header does anything but an error or a whole table', async () => {
    const path = await written(`fuzz.${ending}`);
    const whole = await readFile(path);
    const change = fc.tuple(fc.nat({ max: 140 }), fc.nat({ max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        await writeFile(path, bytes);
        try {
          const { rows: found, dim, pictures: named } = await readEmbeddings(path);
          expect(found.length).toBe(named.length * dim);
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_EMBEDDING_FILE' });
        }
      }),
      { numRuns: 60 },
    );
  });
});

it('refuses names of other endings, folders that are not there, and rows that do not fit', async () => {
  const create = (path: string) => () => createEmbeddingFile(path, { dim: 2, pictures });
  expect(await failure(create(join(base, 'faces.bin')))).toMatch(/ending says no format/);
  expect(await failure(create(join(base, 'none', 'faces.npy')))).toMatch(
    /EmbeddingFileError \[E_EMBEDDING_FILE\]: .*ENOENT/,
  );
  const file = await create(join(base, 'odd.npy'))();
  const add = (indices: readonly number[], ...values: readonly number[]) =>
    failure(() => file.add({ indices: Int32Array.from(indices), rows: Float32Array.from(values) }));
  expect(await add([0], 1, 2, 3)).toMatch(/3 numbers for pictures 0, expected 2 for each/);
  expect(await add([9], 1, 2)).toMatch(/pictures 9, expected .* of 4 pictures/);
  await file.abandon();
  const half = await createEmbeddingFile(join(base, 'large.npy'), { dim: 2, pictures, type: 'float16' });
  const large = { indices: Int32Array.of(3), rows: Float32Array.of(1, 70_000) };
  expect(await failure(() => half.add(large))).toMatch(/70000 in the embedding of Bob\/1\.jpg, for float16/);
  await half.abandon();
});

it('a full disk is one error, and nothing is left (needs the right to mount)', async ({ skip }) => {
  const disk = join(base, 'disk');
  await mkdir(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status === 0;
  skip(!mounted, 'nothing can be mounted here');
  try {
    for (const ending of ['npy', 'safetensors']) {
      const file = await createEmbeddingFile(join(disk, `a.${ending}`), { dim: 40_000, pictures });
      const large = { indices: Int32Array.of(0), rows: new Float32Array(40_000).fill(1) };
      expect(await failure(() => file.add(large))).toMatch(
        /^EmbeddingFileError \[E_EMBEDDING_FILE\]: .*ENOSPC/,
      );
      await file.abandon();
    }
    expect(await readdir(disk)).toEqual([]);
  } finally {
    spawnSync('umount', [disk]);
  }
});

describe('files of others', () => {
  it('names of a .npy may be a table, or be missing, or be too few', async () => {
    const path = join(base, 'others.npy');
    const numbers = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    await writeFile(path, Buffer.concat([npyHeader('<f4', [2, 2]), numbers]));
    expect((await readEmbeddings(path)).pictures).toEqual(
      [0, 1].map((row) => ({ picture: `row ${row}`, identity: '' })),
    );
    const table = join(base, 'others.names.csv');
    await writeFile(table, 'identity,picture\n"Ann, B.",1.jpg\nBob,2.jpg\n');
    expect((await readEmbeddings(path)).pictures[0]).toEqual({ picture: '1.jpg', identity: 'Ann, B.' });
    await writeFile(table, 'identity,picture\nAnn,1.jpg\n');
    expect(await failure(() => readEmbeddings(path))).toMatch(/names\.csv: 1 names for 2 rows/);
    await writeFile(table, 'who,picture\nAnn,1.jpg\nBob,2.jpg\n');
    expect(await failure(() => readEmbeddings(path))).toMatch(/row 1 has no column/);
    await writeFile(join(base, 'others.names.jsonl'), '{"picture":"a","identity":"b"}\n{"picture":3}\n');
    expect(await failure(() => readEmbeddings(path))).toMatch(/names\.jsonl: line 2 is not/);
  });

  it('other shapes, orders and types of NumPy are told', async () => {
    const path = join(base, 'odd-numpy.npy');
    const refused = async (head: string, numbers = 16): Promise<string> => {
      const length = String.fromCharCode(head.length & 255, head.length >> 8);
      await writeFile(
        path,
        Buffer.from(`\u0093NUMPY\u0001\u0000${length}${head}${'\0'.repeat(numbers)}`, 'latin1'),
      );
      return failure(() => readEmbeddings(path));
    };
    expect(await refused("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}\n")).toMatch(
      /column by column/,
    );
    expect(await refused("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2)}\n")).toMatch(/type <i4/);
    expect(await refused("{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}\n")).toMatch(/shape \[4\]/);
    expect(await refused("{'shape': (2, 2)}\n")).toMatch(/header without/);
    expect(parseNpy(npyHeader('<f2', [1e9, 4096]))).toMatchObject({ shape: [1e9, 4096], length: 128 });
  });

  it('a pipe is not waited for', async () => {
    const pipe = join(base, 'pipe.npy');
    execFileSync('mkfifo', [pipe]);
    expect(await failure(() => readEmbeddings(pipe))).toMatch(/it is a named pipe/);
    await symlink(base, join(base, 'folder.npy'));
    expect(await failure(() => readEmbeddings(join(base, 'folder.npy')))).toMatch(/it is a folder/);
    // Nothing is embedded for what can't take its place.
    for (const name of ['folder.npy', 'folder.safetensors', 'named.npy']) {
      await mkdir(join(base, name.replace('named.npy', 'named.names.jsonl')), { recursive: true });
      expect(await failure(() => createEmbeddingFile(join(base, name), { dim: 2, pictures }))).toMatch(
        /^EmbeddingFileError \[E_EMBEDDING_FILE\]: .*which is a folder, expected a place for a file/,
      );
    }
  });
});

const python = spawnSync('python3', ['-c', 'import numpy']).status === 0;
it.skipIf(!python)('NumPy reads and writes the same numbers (needs python3 with numpy)', async () => {
  const [plain, half] = [await written('a.npy'), await written('b.npy', { type: 'float16' })];
  const program = `
import json, sys, numpy
a, b = numpy.load('${plain}'), numpy.load('${half}')
numpy.save('${join(base, 'c.npy')}', a.astype('<f8'))
numpy.lib.format.write_array(open('${join(base, 'd.npy')}', 'wb'), b, version=(2, 0))
print(json.dumps([str(a.dtype), a.tolist(), str(b.dtype), b.tolist()]))`;
  const [type, values, halfType, halves] = JSON.parse(
    execFileSync('python3', ['-c', program], { encoding: 'utf8' }),
  );
  const table = [0, 1, 2].map((row) => [...rows.subarray(2 * row, 2 * row + 2)]);
  expect([type, values, halfType, halves]).toEqual(['float32', table, 'float16', table]);
  for (const name of ['c.npy', 'd.npy']) expect((await readEmbeddings(join(base, name))).rows).toEqual(rows);
});
