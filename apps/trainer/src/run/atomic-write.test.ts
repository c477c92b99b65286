import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutputError } from '../errors.ts';
import { failureOf, temporaryFolder } from '../testing.ts';
import { atomicWrite } from './atomic-write.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('atomicWrite', () => {
  it('replaces a file and leaves nothing beside it', async () => {
    const file = join(folder, 'a.txt');
    await atomicWrite(file, 'old');
    await atomicWrite(file, Uint8Array.of(110, 101, 119));
    expect(await readFile(file, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  it('keeps the old content where writing fails half-way', async () => {
    const file = join(folder, 'a.txt');
    await writeFile(file, 'old');
    async function* failing(): AsyncGenerator<string> {
      yield 'half';
      throw new Error('no space left');
    }
    const error = await failureOf(() => atomicWrite(file, failing() as unknown as string));
    expect(error).toBeInstanceOf(OutputError);
    expect(error.message).toMatch(/a\.txt' \(no space left\)/);
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  it('leaves nothing where the place is taken by a folder, or is none', async () => {
    const taken = join(folder, 'taken');
    await mkdir(join(taken, 'inside'), { recursive: true });
    expect(await failureOf(() => atomicWrite(taken, 'x'))).toMatchObject({ code: 'E_OUTPUT' });
    expect(await failureOf(() => atomicWrite(join(folder, 'none', 'x'), 'x'))).toMatchObject({
      code: 'E_OUTPUT',
      message: expect.stringMatching(/ENOENT/),
    });
    expect(await readdir(folder)).toEqual(['taken']);
    expect(await readdir(taken)).toEqual(['inside']);
  });
});
