import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type OptionNames, printable, requireKnownOptions } from '@cf/core';
import type { PictureIdentity } from '../collection/open-collection.ts';
import { OutputFolderError, UnreadableImageError, writingFailure } from '../errors.ts';
import { type KeptPicture, keptPicture } from '../image/kept-picture.ts';
import { makeFolder } from '../make-folder.ts';
import { mapLimited } from '../map-limited.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import { type PictureSource, type PixelSize, sourceOf } from '../source/picture-source.ts';
import { imageContent, MOST_EXACT, recordOf } from './record-format.ts';
import { packFiles } from './record-pack.ts';

/** How {@link writeRecordPack} writes. */
export interface RecordPackOptions {
  /** Every picture is brought to it; by default they stay as they are. */
  readonly size?: PixelSize;
  /** Hears of each picture that is left out; without it the first stops the writing. */
  readonly onProblem?: (problem: ImageProblem) => void;
  /** Hears of every picture that was read. */
  readonly onProgress?: (done: number) => void;
  /** Ends the writing; nothing is left behind, and the signal's reason is thrown. */
  readonly signal?: AbortSignal;
}

/** What was written. */
export interface WrittenPack {
  readonly identities: number;
  readonly pictures: number;
  /** What `property` names: the size that most pictures have. */
  readonly size: PixelSize;
  /** How many pictures have another. */
  readonly otherSizes: number;
}

const AT_A_TIME = 16;

const OPTIONS: OptionNames<RecordPackOptions> = {
  size: true,
  onProblem: true,
  onProgress: true,
  signal: true,
};

/**
 * Writes pictures as an InsightFace pack: `OUT.rec` with a header and the ranges of the identities, `OUT.idx`, `OUT.lst`
 * with number, label and path of each picture, and `property`.
 *
 * Pictures are decoded once, so that none is written that can't be read. All is written beside its place first: the files
 * are there whole, or not at all.
 *
 * @param people in the order of their labels, which count from 0; those of whom no picture is left have none.
 * @throws OutputFolderError when one of the files is there already
 */
export async function writeRecordPack(
  path: string,
  people: readonly PictureIdentity[],
  options: RecordPackOptions = {},
): Promise<WrittenPack> {
  requireKnownOptions('writeRecordPack', options, OPTIONS);
  const beside = packFiles(path);
  const places = { rec: path, idx: beside.index, lst: beside.list, property: beside.property };
  for (const place of Object.values(places)) await requireUnused(place);
  const aside = (place: string): string => join(dirname(place), `.${basename(place)}.${process.pid}.partial`);
  const files: FileHandle[] = [];
  const openAside = async (place: string): Promise<FileHandle> => {
    const file = await makeAside(aside(place));
    files.push(file);
    return file;
  };
  try {
    const [rec, idx, lst, property] = [
      await openAside(places.rec),
      await openAside(places.idx),
      await openAside(places.lst),
      await openAside(places.property),
    ];
    const writer = new PackWriter(rec, idx, lst);
    const written = await writer.write(people, options);
    await property.appendFile(`${written.identities},${written.size.height},${written.size.width}\n`);
    for (const file of files) await file.sync();
    for (const file of files.splice(0)) await file.close();
    options.signal?.throwIfAborted();
    // The pack last: who sees it finds the others.
    for (const place of [places.property, places.lst, places.idx, places.rec])
      await rename(aside(place), place);
    return written;
  } catch (error) {
    for (const file of files) await file.close().catch(() => {});
    for (const place of Object.values(places)) await rm(aside(place), { force: true }).catch(() => {});
    throw writingFailure(path, error);
  }
}

/** A new file, and the folders above it. */
async function makeAside(path: string): Promise<FileHandle> {
  await makeFolder(dirname(path));
  return open(path, 'wx');
}

async function requireUnused(place: string): Promise<void> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return;
  throw new OutputFolderError(
    place,
    `'${place}', which is there already`,
    'a pack in a new place',
    'name another file in a folder of its own, or remove that pack.',
  );
}

class PackWriter {
  readonly #rec: FileHandle;
  readonly #idx: FileHandle;
  readonly #lst: FileHandle;
  readonly #sizes = new Map<string, number>();
  #offset = 0;
  #key = 0;

  constructor(rec: FileHandle, idx: FileHandle, lst: FileHandle) {
    this.#rec = rec;
    this.#idx = idx;
    this.#lst = lst;
  }

  async write(people: readonly PictureIdentity[], options: RecordPackOptions): Promise<WrittenPack> {
    // Its numbers are known at the end, and have the same length then.
    await this.#put([0, 0], NO_PICTURE);
    const ranges: (readonly [number, number])[] = [];
    let done = 0;
    for (const { name, files } of people) {
      const from = this.#key;
      for (let at = 0; at < files.length; at += AT_A_TIME) {
        options.signal?.throwIfAborted();
        const part = files.slice(at, at + AT_A_TIME);
        const kept = await mapLimited(part, availableParallelism(), async (file) => {
          const picture = await keptOrProblem(file, options);
          done++;
          options.onProgress?.(done);
          return picture;
        });
        for (const [place, picture] of kept.entries()) {
          if (picture instanceof UnreadableImageError) {
            options.onProblem?.(imageProblem(picture.kind, picture.path, picture.reason));
          } else await this.#picture(ranges.length, name, part[place]!, picture);
        }
      }
      if (this.#key > from) ranges.push([from, this.#key]);
    }
    const pictures = this.#key - 1;
    if (pictures === 0 || pictures + ranges.length >= MOST_EXACT) {
      const expected = `1 to ${MOST_EXACT - 1} pictures and identities`;
      throw new OutputFolderError('', `${pictures} pictures to pack`, expected, 'choose other pictures.');
    }
    for (const range of ranges) await this.#put(range, NO_PICTURE);
    const header = recordOf(imageContent(0, [pictures + 1, pictures + 1 + ranges.length], NO_PICTURE));
    await writeAt(this.#rec, header, 0);
    const [[size, count]] = [...this.#sizes].sort(([, a], [, b]) => b - a) as [[string, number]];
    const [width, height] = size.split('×').map(Number) as [number, number];
    return { identities: ranges.length, pictures, size: { width, height }, otherSizes: pictures - count };
  }

  async #picture(
    label: number,
    name: string,
    file: string | PictureSource,
    { bytes, format, width, height }: KeptPicture,
  ): Promise<void> {
    const size = `${width}×${height}`;
    this.#sizes.set(size, (this.#sizes.get(size) ?? 0) + 1);
    const listed = `${printable(name).replaceAll(/[/\\]/g, '_')}/${fileName(file, format)}`;
    await this.#lst.appendFile(`${this.#key}\t${label}\t${listed}\n`);
    await this.#put([label], bytes);
  }

  async #put(labels: readonly number[], picture: Uint8Array): Promise<void> {
    const record = recordOf(imageContent(this.#key, labels, picture));
    await this.#idx.appendFile(`${this.#key}\t${this.#offset}\n`);
    await writeAt(this.#rec, record, this.#offset);
    this.#offset += record.length;
    this.#key++;
  }
}

/** Writes all of some bytes: a disk that is nearly full takes a part of them first. */
async function writeAt(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}

const NO_PICTURE = new Uint8Array(0);

function keptOrProblem(
  file: string | PictureSource,
  { size, onProblem }: RecordPackOptions,
): Promise<KeptPicture | UnreadableImageError> {
  return keptPicture(file, size).catch((error: unknown) => {
    if (onProblem !== undefined && error instanceof UnreadableImageError) return error;
    throw error;
  });
}

/** What a picture is called in the list. */
function fileName(file: string | PictureSource, format: 'jpeg' | 'png'): string {
  const source = sourceOf(file);
  const extension = format === 'jpeg' ? 'jpg' : 'png';
  if (source.kind !== 'file') return `${String(source.key).padStart(7, '0')}.${extension}`;
  return printable(basename(source.path)).replaceAll(/[/\\]/g, '_');
}
