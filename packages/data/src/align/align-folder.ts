import { rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { type OptionNames, OptionOutOfRangeError, requireKnownOptions } from '@cf/core';
import { DataFolderError, OutputFolderError, UnreadableImageError } from '../errors.ts';
import { mapLimited } from '../map-limited.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import { readFailure } from '../read-failure.ts';
import { type AlignmentEntry, AlignmentRecord } from './alignment-record.ts';
import { type AlignedFolder, summarise } from './alignment-summary.ts';
import type { FaceDetector, FaceLandmarks } from './face.ts';
import { cropPaths, findPhotographs } from './find-photographs.ts';
import { type Alignment, fingerprint, makeCrop } from './make-crop.ts';
import { requireNoWayOut } from './require-no-way-out.ts';
import { RECORD_FOLDER, removePartials } from './write-aside.ts';

/** What {@link alignFolder} does. */
export interface AlignFolderOptions {
  /** Photographs, one folder a person, in folders as deep as they are. */
  readonly data: string;
  /** The folder for the crops: new, empty, or one of an earlier call on the same photographs, which goes on. */
  readonly out: string;
  /** What finds faces; not needed beside `landmarks`. */
  readonly detector?: FaceDetector;
  /** Faces of each path below `data`, in the place of a detector; see {@link parseLandmarks}. */
  readonly landmarks?: ReadonlyMap<string, readonly FaceLandmarks[]>;
  /** JPEG at quality 95 without subsampling of colours, the default; or PNG. */
  readonly format?: 'jpeg' | 'png';
  /** Stop at the first unreadable photograph; false by default. */
  readonly strict?: boolean;
  /** Hears of each photograph that can't be read. */
  readonly onProblem?: (problem: ImageProblem) => void;
  readonly onProgress?: (progress: AlignProgress) => void;
  /** Ends the work after the photographs under way; a later call goes on. The signal's reason is thrown. */
  readonly signal?: AbortSignal;
}

/** How far the work has come, in photographs. */
export interface AlignProgress {
  readonly done: number;
  readonly total: number;
  /** How many of those done were made by an earlier call. */
  readonly kept: number;
}

const LOOKED_AT_A_TIME = 16;

const OPTIONS: OptionNames<AlignFolderOptions> = {
  data: true,
  out: true,
  detector: true,
  landmarks: true,
  format: true,
  strict: true,
  onProblem: true,
  onProgress: true,
  signal: true,
};

/**
 * Finds the faces of photographs and writes aligned crops of 112×112 pixels, one a photograph.
 *
 * Photographs may have any size and EXIF orientation. Of several faces the largest and most central one is taken
 * ({@link chooseFace}). A crop is written aside and renamed, and then recorded in `.align/` of the folder, so a call that
 * was stopped goes on where it was; a photograph that has changed since (size or time), or that another detector or other
 * landmarks are given for, is done again, and crops of photographs that are gone are removed. Two processes on one folder do some work twice, and no
 * harm.
 *
 * @throws DataFolderError, OutputFolderError, FaceDetectorError, OptionOutOfRangeError; UnreadableImageError with `strict`
 */
export async function alignFolder(options: AlignFolderOptions): Promise<AlignedFolder> {
  requireKnownOptions('alignFolder', options, OPTIONS);
  const { data, out, detector, landmarks, format = 'jpeg', strict = false, signal } = options;
  if (detector === undefined && landmarks === undefined) {
    throw new OptionOutOfRangeError('detector', undefined, 'a detector, or landmarks', 'give one of them.');
  }
  requireApart(data, out);
  const { files, problems: found } = await findPhotographs(data);
  if (files.length === 0) throw emptyFolder(data, found[0]);
  const problems = [...found];
  for (const problem of found) options.onProblem?.(problem);
  await requireNoWayOut(out, [join(RECORD_FOLDER, 'any')]);
  const record = await AlignmentRecord.open(out, resolve(data));
  try {
    const crops = cropPaths(
      files.map(({ path }) => path),
      format === 'png' ? 'png' : 'jpg',
    );
    const earlier = record.entries().flatMap(({ crop }) => (crop === undefined ? [] : [crop]));
    await requireNoWayOut(out, [...crops, ...earlier]);
    const removed = await removeStale(out, record, new Set(files.map(({ path }) => path)));
    await removePartials(out);
    const alignment: Alignment = { data, out, detector, landmarks, format };
    const jobs = files.map((file, index) => ({
      file,
      crop: crops[index]!,
      made: fingerprint(file, alignment),
    }));
    const isDone = await mapLimited(jobs, LOOKED_AT_A_TIME, async ({ file, crop, made }) => {
      const before = record.get(file.path);
      return before?.made === made && (await isThere(out, before, crop));
    });
    const todo = jobs.filter((_, index) => !isDone[index]);
    const kept = jobs.length - todo.length;
    let done = kept;
    options.onProgress?.({ done, total: jobs.length, kept });
    await mapLimited(todo, concurrencyOf(detector), async ({ file: { path }, crop, made }) => {
      signal?.throwIfAborted();
      const earlier = record.get(path)?.crop;
      const drop = (): Promise<void> | undefined =>
        earlier === undefined ? undefined : rm(join(out, earlier), { force: true });
      try {
        const outcome = await makeCrop(path, crop, alignment);
        if (earlier !== outcome.crop) await drop();
        await record.add({ path, made, ...outcome });
      } catch (error) {
        if (!(error instanceof UnreadableImageError) || strict) throw error;
        await drop();
        record.forget(path);
        const problem = imageProblem(error.kind, error.path, error.reason);
        problems.push(problem);
        options.onProblem?.(problem);
      }
      options.onProgress?.({ done: ++done, total: jobs.length, kept });
    });
    signal?.throwIfAborted();
    await record.compact();
    const passedOver = found.filter(({ kind }) => kind !== 'unreadable folder').length;
    const total = files.length + passedOver;
    const present = [...files.map(({ path }) => path), ...found.map(({ path }) => relative(data, path))];
    const known = new Set(present.map(asListed));
    const unmatched = [...(landmarks?.keys() ?? [])].filter((path) => !known.has(path));
    return await summarise({ ...alignment, record, problems, total, kept, removed, unmatched });
  } catch (error) {
    throw outputFailure(out, error);
  }
}

/** As landmarks name it. */
function asListed(path: string): string {
  return path.split(sep).join('/').normalize('NFC');
}

function emptyFolder(data: string, first: ImageProblem | undefined): DataFolderError {
  const found = first === undefined ? '' : `; first problem: ${first.message}`;
  return new DataFolderError(
    data,
    `'${data}' holds no file that may be a photograph${found}`,
    'photographs, one folder a person, however deep',
    'check the path.',
  );
}

/** One more than the detector works on is read meanwhile. */
function concurrencyOf(detector: FaceDetector | undefined): number {
  return detector === undefined ? availableParallelism() : (detector.concurrency ?? 1) + 1;
}

async function isThere(out: string, entry: AlignmentEntry, crop: string): Promise<boolean> {
  if (entry.crop === undefined) return true;
  if (entry.crop !== crop) return false;
  const found = await stat(join(out, crop)).catch(() => undefined);
  return found?.size === entry.bytes;
}

/** Crops among the photographs would be aligned again. */
function requireApart(data: string, out: string): void {
  const [from, to] = [resolve(data), resolve(out)];
  const isWithin = (path: string, folder: string): boolean => {
    const way = relative(folder, path);
    return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way);
  };
  if (!isWithin(to, from) && !isWithin(from, to)) return;
  throw new OutputFolderError(
    out,
    `'${out}', which is in the folder of photographs or holds it`,
    'a folder beside the photographs',
    'choose another folder.',
  );
}

/** Removes crops of photographs that are gone, and says how many. */
async function removeStale(
  out: string,
  record: AlignmentRecord,
  present: ReadonlySet<string>,
): Promise<number> {
  let removed = 0;
  for (const { path, crop } of record.entries()) {
    if (present.has(path)) continue;
    if (crop !== undefined) {
      await rm(join(out, crop), { force: true });
      removed++;
    }
    record.forget(path);
  }
  return removed;
}

/** What the file system refuses is told by the folder's name. */
function outputFailure(out: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || typeof syscall !== 'string') return error;
  const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : readFailure(error);
  return new OutputFolderError(
    out,
    `'${out}': ${reason}`,
    'a folder that can be written to',
    'make room, or choose another folder; the same call goes on where it stopped.',
  );
}
