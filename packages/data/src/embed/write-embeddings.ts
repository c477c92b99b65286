import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type OptionNames, reasonOf, requireKnownOptions } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { EmbeddingFileError } from '../errors.ts';
import type { EmbeddedBatch } from './embed.ts';
import { toHalves } from './half.ts';
import { type EmbeddedPicture, nameLines, namesBeside } from './names.ts';
import { NPY_BYTES, npyHeader } from './npy.ts';
import { MOST_HEADER_BYTES, safetensorsHeader } from './safetensors.ts';

/** What {@link createEmbeddingFile} is told. */
export interface EmbeddingFileOptions {
  /** d, numbers of an embedding. */
  readonly dim: number;
  /** All pictures whose embeddings may come, in the order of the list that is embedded. */
  readonly pictures: readonly EmbeddedPicture[];
  /** Of the numbers in the file; float32 by default. */
  readonly type?: 'float32' | 'float16';
  /** Beside the names, in a safetensors file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A file of embeddings that is being written. */
export interface EmbeddingFile {
  /** Appends the embeddings of a batch. @throws EmbeddingFileError */
  add(batch: EmbeddedBatch): Promise<void>;
  /** Puts the whole file in its place, synced to disk. @throws EmbeddingFileError @returns the files that are there now */
  finish(): Promise<readonly string[]>;
  /** Takes away what was written; what was in its place before is still there. */
  abandon(): Promise<void>;
}

/** What is half-written for longer was left by a process that was killed. */
const LEFT_BEHIND_MS = 600_000;
const FIX = 'check that the folder exists, may be written to and has space left.';

const OPTIONS: OptionNames<EmbeddingFileOptions> = { dim: true, pictures: true, type: true, metadata: true };

/**
 * Begins a file of embeddings, safetensors or NumPy's `.npy`, as its name says. It is written aside as embeddings come, and
 * is whole or not there at all. A `.npy` file has a list of names beside it, `NAME.names.jsonl`.
 *
 * @throws EmbeddingFileError for a name of another ending, a file that can't be written, or more names than a safetensors
 * header may hold
 */
export async function createEmbeddingFile(
  path: string,
  options: EmbeddingFileOptions,
): Promise<EmbeddingFile> {
  requireKnownOptions('createEmbeddingFile', options, OPTIONS);
  checkInteger('dim', options.dim, 1);
  const form = formOf(path, options);
  // Told before everything is embedded: a file can't take the place of a folder.
  for (const place of [path, ...(form.names === undefined ? [] : [form.names])]) {
    if ((await stat(place).catch(() => undefined))?.isDirectory() !== true) continue;
    throw new EmbeddingFileError(
      `'${place}', which is a folder`,
      'a place for a file',
      'choose another name.',
    );
  }
  await removeLeftBehind(path);
  return wrap(path, async () => {
    const aside = asideOf(path);
    return new Writing(path, aside, await open(aside, 'wx'), form, options);
  });
}

interface Form {
  /** Bytes before the numbers. */
  readonly start: number;
  header(kept: readonly EmbeddedPicture[]): Uint8Array;
  /** Where a list of names stands beside the file. */
  readonly names?: string;
}

function formOf(
  path: string,
  { dim, pictures, type = 'float32', metadata = {} }: EmbeddingFileOptions,
): Form {
  const [dtype, descr, width] =
    type === 'float32' ? (['F32', '<f4', 4] as const) : (['F16', '<f2', 2] as const);
  if (/\.npy$/i.test(path)) {
    return {
      start: NPY_BYTES,
      header: (kept) => npyHeader(descr, [kept.length, dim]),
      names: namesBeside(path),
    };
  }
  if (!/\.safetensors$/i.test(path)) {
    throw new EmbeddingFileError(
      `'${path}', whose ending says no format`,
      'a name that ends in .safetensors or .npy',
      'name it such as faces.safetensors.',
    );
  }
  const header = (kept: readonly EmbeddedPicture[], bytes?: number): Uint8Array =>
    safetensorsHeader(
      {
        ...metadata,
        format: 'cf-embeddings-1',
        pictures: JSON.stringify(kept.map(({ picture }) => picture)),
        identities: JSON.stringify(kept.map(({ identity }) => identity)),
      },
      { embeddings: { dtype, shape: [kept.length, dim], from: 0, to: kept.length * dim * width } },
      bytes,
    );
  // Room for the names of all; fewer are padded, as the format allows.
  const { length: start } = header(pictures);
  if (start - 8 > MOST_HEADER_BYTES) {
    throw new EmbeddingFileError(
      `'${path}' with ${pictures.length} names of ${start - 8} bytes`,
      `at most ${MOST_HEADER_BYTES}, which readers of safetensors take`,
      'write a .npy file, whose names are beside it.',
    );
  }
  return { start, header: (kept) => header(kept, start) };
}

class Writing implements EmbeddingFile {
  readonly #path: string;
  readonly #aside: string;
  readonly #file: FileHandle;
  readonly #form: Form;
  readonly #options: EmbeddingFileOptions;
  readonly #kept: EmbeddedPicture[] = [];
  #at: number;
  #isOpen = true;

  constructor(path: string, aside: string, file: FileHandle, form: Form, options: EmbeddingFileOptions) {
    this.#path = path;
    this.#aside = aside;
    this.#file = file;
    this.#form = form;
    this.#options = options;
    this.#at = form.start;
  }

  async add({ indices, rows }: EmbeddedBatch): Promise<void> {
    const { dim, pictures, type = 'float32' } = this.#options;
    const names = Array.from(indices, (index) => pictures[index]);
    if (rows.length !== indices.length * dim || names.some((name) => name === undefined)) {
      throw new EmbeddingFileError(
        `${rows.length} numbers for pictures ${indices.join(', ')}`,
        `${dim} for each of some of ${pictures.length} pictures`,
        'write what embed() gives of the same list.',
      );
    }
    const values = type === 'float16' ? toHalves(rows) : rows;
    const infinite = type === 'float16' ? values.findIndex((half) => (half & 0x7c00) === 0x7c00) : -1;
    if (infinite >= 0) {
      throw new EmbeddingFileError(
        `${rows[infinite]} in the embedding of ${names[Math.floor(infinite / dim)]!.picture}, for float16`,
        'numbers of at most 65,504',
        'normalise the embeddings, or write float32.',
      );
    }
    this.#kept.push(...(names as EmbeddedPicture[]));
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await wrap(this.#path, () => writeAt(this.#file, bytes, this.#at));
    this.#at += bytes.length;
  }

  async finish(): Promise<readonly string[]> {
    const { names } = this.#form;
    const namesAside = `${this.#aside}.names`;
    try {
      return await wrap(this.#path, async () => {
        await writeAt(this.#file, this.#form.header(this.#kept), 0);
        await this.#file.sync();
        await this.#close();
        if (names !== undefined) {
          await writeNames(namesAside, this.#kept);
          // An older file must not be taken for one of the new names.
          await rm(this.#path, { force: true });
          await rename(namesAside, names);
        }
        await rename(this.#aside, this.#path);
        return names === undefined ? [this.#path] : [this.#path, names];
      });
    } catch (error) {
      await rm(namesAside, { force: true }).catch(() => {});
      await this.abandon();
      throw error;
    }
  }

  async abandon(): Promise<void> {
    await this.#close().catch(() => {});
    await rm(this.#aside, { force: true }).catch(() => {});
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }
}

async function writeNames(path: string, pictures: readonly EmbeddedPicture[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    // Written a few at a time: one text of all may be longer than a string can be.
    for (let from = 0; from < pictures.length; from += 4096)
      await file.writeFile([...nameLines(pictures.slice(from, from + 4096))].join(''));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** All of the bytes: a system may write fewer at a time. */
async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function wrap<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new EmbeddingFileError(`'${path}' (${reasonOf(cause)})`, 'a file that can be written', FIX, cause);
  }
}

/** A name in the folder of the file, for what is to become it. */
function asideOf(path: string): string {
  return join(dirname(path), `${asidePrefix(path)}${Math.random().toString(36).slice(2)}.partial`);
}

function asidePrefix(path: string): string {
  return `.${basename(path)}-`;
}

/** Removes what processes that were killed left of the same file. */
async function removeLeftBehind(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(asidePrefix(path)) || !/\.partial(\.names)?$/.test(name)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > LEFT_BEHIND_MS)
      await rm(join(folder, name), { force: true });
  }
}
