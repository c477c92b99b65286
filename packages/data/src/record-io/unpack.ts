import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { OutputFolderError, UnreadableImageError, writingFailure } from '../errors.ts';
import { keptPicture } from '../image/kept-picture.ts';
import { lfwStem } from '../lfw/resolve-pairs.ts';
import { makeFolder } from '../make-folder.ts';
import { mapLimited } from '../map-limited.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import type { PictureRecord } from '../source/picture-source.ts';
import { recordList } from './record-list.ts';
import { openRecordPack, type PackedIdentity, packFiles } from './record-pack.ts';

/** How {@link unpackRecords} writes. */
export interface UnpackOptions {
  /** Hears of each picture that is left out; without it the first stops the writing. */
  readonly onProblem?: (problem: ImageProblem) => void;
  /** Hears of every picture that was read, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the writing; nothing is left behind, and the signal's reason is thrown. */
  readonly signal?: AbortSignal;
}

/** What was written. */
export interface UnpackedFolder {
  readonly identities: number;
  readonly pictures: number;
}

const AT_A_TIME = 16;

const OPTIONS: OptionNames<UnpackOptions> = { onProblem: true, onProgress: true, signal: true };

/**
 * Writes the pictures of an InsightFace pack as a folder, one folder an identity. JPEG and PNG are written as they are,
 * pixels as PNG. Names of people and files are those of the pack's list; without one, labels and numbers in LFW's layout.
 *
 * Everything is written beside `out` first, which is there whole at the end, or not at all.
 *
 * @throws RecordFileError; OutputFolderError when `out` holds anything
 */
export async function unpackRecords(
  path: string,
  out: string,
  options: UnpackOptions = {},
): Promise<UnpackedFolder> {
  requireKnownOptions('unpackRecords', options, OPTIONS);
  await requireEmpty(out);
  const pack = await openRecordPack(path);
  const names = await fileNames(packFiles(path).list);
  const target = resolve(out);
  const aside = join(dirname(target), `.${basename(target)}.${process.pid}.partial`);
  try {
    await makeFolder(aside);
    const written = await writeFolder(aside, pack.identities, names, options);
    options.signal?.throwIfAborted();
    await rmdir(target).catch(() => {});
    await rename(aside, target);
    return written;
  } catch (error) {
    await rm(aside, { recursive: true, force: true }).catch(() => {});
    throw writingFailure(out, error);
  }
}

async function requireEmpty(out: string): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (found === undefined || (found.isDirectory() && (await readdir(out)).length === 0)) return;
  throw new OutputFolderError(
    out,
    `'${out}', which is there already`,
    'a folder that is new or empty',
    'choose another folder.',
  );
}

/** Names of files by number, where there is a list. */
async function fileNames(list: string): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>();
  if ((await stat(list).catch(() => undefined)) === undefined) return names;
  for await (const [key, { file }] of recordList(list)) names.set(key, file);
  return names;
}

async function writeFolder(
  folder: string,
  people: readonly PackedIdentity[],
  names: ReadonlyMap<number, string>,
  { onProblem, onProgress, signal }: UnpackOptions,
): Promise<UnpackedFolder> {
  const total = people.reduce((sum, { files }) => sum + files.length, 0);
  let [done, identities, pictures] = [0, 0, 0];
  for (const { name, files } of people) {
    const place = join(folder, name);
    await mkdir(place);
    const used = new Set<string>();
    let count = 0;
    const write = async (record: PictureRecord, index: number): Promise<void> => {
      signal?.throwIfAborted();
      const stem = stemOf(names.get(record.key), used, lfwStem(name, index + 1), record.key);
      try {
        const { bytes, format } = await keptPicture(record, undefined);
        await writeFile(join(place, `${stem}.${format === 'jpeg' ? 'jpg' : 'png'}`), bytes, { flag: 'wx' });
        count++;
      } catch (error) {
        if (onProblem === undefined || !(error instanceof UnreadableImageError)) throw error;
        onProblem(imageProblem(error.kind, error.path, error.reason));
      }
      onProgress?.(++done, total);
    };
    for (let at = 0; at < files.length; at += AT_A_TIME) {
      const part = files.slice(at, at + AT_A_TIME);
      await mapLimited(part, availableParallelism(), (record, n) => write(record, at + n));
    }
    pictures += count;
    if (count > 0) identities++;
    else await rmdir(place);
  }
  return { identities, pictures };
}

/** The name of a file without its extension: the listed one, made another if a file before has it. */
function stemOf(listed: string | undefined, used: Set<string>, otherwise: string, key: number): string {
  const stem = listed === undefined ? '' : listed.slice(0, listed.length - extname(listed).length);
  const plain = stem === '' || stem.startsWith('.') ? otherwise : stem;
  const chosen = used.has(plain.toLowerCase()) ? `${plain} (${key})` : plain;
  used.add(chosen.toLowerCase());
  return chosen;
}
