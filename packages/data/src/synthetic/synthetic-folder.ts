import { lstat, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { OutputFolderError } from '../errors.ts';
import { fromRaw } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { formatPairs, type PairList } from '../lfw/pairs.ts';
import { lfwStem } from '../lfw/resolve-pairs.ts';
import { makeFolder } from '../make-folder.ts';
import { mapLimited } from '../map-limited.ts';
import {
  SYNTHETIC_OPTIONS,
  type SyntheticFaces,
  type SyntheticOptions,
  syntheticFaces,
} from './synthetic-faces.ts';

/** What {@link writeSyntheticFolder} writes. */
export interface SyntheticFolderOptions extends SyntheticOptions {
  /** PNG, the default, keeps every pixel; JPEG is written at quality 92. */
  readonly format?: 'png' | 'jpeg';
  /** Written beside the people as `pairs.txt`. */
  readonly pairs?: Pick<PairList, 'folds' | 'pairs'>;
  /** True replaces a folder that an earlier call wrote, and only such a folder; false by default. */
  readonly replace?: boolean;
  /** Ends the writing; nothing is left behind, and the signal's reason is thrown. */
  readonly signal?: AbortSignal;
}

/** How far the writing has come, in pictures. */
export interface WriteProgress {
  readonly done: number;
  readonly total: number;
}

/** The file that tells a written folder from any other. */
const MANIFEST = 'synthetic.json';
const JPEG_QUALITY = 92;

const OPTIONS: OptionNames<SyntheticFolderOptions> = {
  ...SYNTHETIC_OPTIONS,
  format: true,
  pairs: true,
  replace: true,
  signal: true,
};

/**
 * Writes drawn people as a folder of pictures in LFW's layout: `<out>/synthetic_00000/synthetic_00000_0001.png`.
 *
 * Everything is written to a folder beside `out` first, which takes its place at the end: `out` is either
 * as before or complete. `synthetic.json` keeps the options.
 *
 * @param onProgress - hears of every picture written.
 * @throws OutputFolderError when `out` is a file, holds anything and may not be replaced, or can't be written.
 */
export async function writeSyntheticFolder(
  out: string,
  options: SyntheticFolderOptions,
  onProgress?: (progress: WriteProgress) => void,
): Promise<void> {
  requireKnownOptions('writeSyntheticFolder', options, OPTIONS);
  const { seed, identities, imagesPerIdentity, difficulty } = options;
  const drawn = { seed, identities, imagesPerIdentity };
  const faces = syntheticFaces({ ...drawn, ...(difficulty !== undefined && { difficulty }) });
  const before = await whatIsAt(out, options.replace === true);
  const target = resolve(out);
  const aside = join(dirname(target), `.${basename(target)}.${process.pid}.${Date.now()}.partial`);
  try {
    await makeFolder(dirname(target));
    await mkdir(aside);
    await writeAll(aside, faces, options, onProgress);
    options.signal?.throwIfAborted();
    await takePlace(aside, target, before);
  } catch (error) {
    // Where that fails too, what is told is why the writing did.
    await rm(aside, { recursive: true, force: true }).catch(() => {});
    throw asOutput(out, error);
  }
}

/** An error of the system as one of the folder; any other as it is. */
function asOutput(out: string, error: unknown): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const fix = 'check that it may be written to and has space left; nothing was kept.';
  return new OutputFolderError(out, `'${out}' (${message})`, 'a folder that can be written', fix, error);
}

type Before = 'nothing' | 'empty folder' | 'own folder';

async function whatIsAt(out: string, replace: boolean): Promise<Before> {
  const [unused, another] = ['a folder that is new or empty', 'choose another folder.'];
  const found = await stat(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw asOutput(out, error);
  });
  if (found === undefined) {
    const isLink = await lstat(out).then(
      () => true,
      () => false,
    );
    if (!isLink) return 'nothing';
    throw new OutputFolderError(out, `'${out}' is a link to nothing`, unused, another);
  }
  if (!found.isDirectory()) {
    throw new OutputFolderError(out, `'${out}' is a file`, unused, another);
  }
  const entries = await readdir(out);
  if (entries.length === 0) return 'empty folder';
  if (!entries.includes(MANIFEST)) {
    const expected = 'a folder that is new, empty, or written by this generator';
    throw new OutputFolderError(out, `'${out}' holds ${entries.length} files or folders`, expected, another);
  }
  if (!replace) {
    const given = `'${out}' holds synthetic faces already`;
    throw new OutputFolderError(out, given, unused, `set replace, or ${another}`);
  }
  return 'own folder';
}

async function takePlace(aside: string, target: string, before: Before): Promise<void> {
  if (before !== 'own folder') {
    await rename(aside, target);
    return;
  }
  const old = `${aside}.old`;
  await rename(target, old);
  try {
    await rename(aside, target);
  } catch (error) {
    await rename(old, target);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

async function writeAll(
  folder: string,
  faces: SyntheticFaces,
  options: SyntheticFolderOptions,
  onProgress: ((progress: WriteProgress) => void) | undefined,
): Promise<void> {
  const { identities, imagesPerIdentity } = faces;
  const { format = 'png', pairs, signal } = options;
  const total = identities * imagesPerIdentity;
  for (let person = 0; person < identities; person++) await mkdir(join(folder, faces.name(person)));
  let done = 0;
  const numbers = Array.from({ length: total }, (_, number) => number);
  await mapLimited(numbers, 4 * availableParallelism(), async (number) => {
    signal?.throwIfAborted();
    const person = Math.floor(number / imagesPerIdentity);
    const picture = number % imagesPerIdentity;
    const name = faces.name(person);
    const bytes = await encode(await faces.image(person, picture), format);
    const extension = format === 'png' ? 'png' : 'jpg';
    await writeFile(join(folder, name, `${lfwStem(name, picture + 1)}.${extension}`), bytes, { flush: true });
    done++;
    onProgress?.({ done, total });
  });
  if (pairs !== undefined) await writeFile(join(folder, 'pairs.txt'), formatPairs(pairs), { flush: true });
  const { seed, difficulty } = faces;
  const manifest = { generator: '@cf/data', seed, identities, imagesPerIdentity, difficulty, format };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
}

function encode(image: RawImage, format: 'png' | 'jpeg'): Promise<Uint8Array> {
  const picture = fromRaw(image);
  // Compression level 6 is libpng's usual one; higher levels cost time and win little on noise.
  return (
    format === 'png' ? picture.png({ compressionLevel: 6 }) : picture.jpeg({ quality: JPEG_QUALITY })
  ).toBuffer();
}
