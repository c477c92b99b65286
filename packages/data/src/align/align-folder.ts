import { createHash, randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { OptionOutOfRangeError, printable } from '@cf/core';
import { DataFolderError, OutputFolderError, UnreadableImageError } from '../errors.ts';
import { fromRaw } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { makeFolder } from '../make-folder.ts';
import { mapLimited } from '../map-limited.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import { readFailure } from '../read-failure.ts';
import { areLandmarksOfFace, cropFace, faceFromLandmarks, facesOfPhotograph } from './align-photograph.ts';
import { type AlignmentEntry, AlignmentRecord, RECORD_FOLDER } from './alignment-record.ts';
import { alignmentSheets } from './alignment-sheets.ts';
import { chooseFace, type FaceDetector, type FaceLandmarks } from './face.ts';
import { cropPaths, findPhotographs, type PhotographFile } from './find-photographs.ts';
import { type Photograph, withPhotograph } from './photograph.ts';

/** Changes whenever crops of the same photographs come out otherwise. */
export const ALIGNMENT_VERSION = 1;

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

/** What came out of a folder of photographs. */
export interface AlignedFolder {
  /** Files that may be photographs, those among them that can't be read. */
  readonly total: number;
  readonly aligned: number;
  /** Of all, how many an earlier call had done. */
  readonly kept: number;
  /** Crops of photographs that are no longer there, which were removed. */
  readonly removed: number;
  /** Aligned photographs that show several faces, of which the largest and most central one was taken. */
  readonly several: readonly { readonly path: string; readonly faces: number }[];
  /** Photographs without a face, by their paths below the folder. */
  readonly withoutFace: readonly string[];
  /** How many crops lie in no person's folder, as their photographs do. */
  readonly inNoFolder: number;
  /** Paths of `landmarks` that no file in the folder has. */
  readonly unmatched: readonly string[];
  /** What could not be read. */
  readonly problems: readonly ImageProblem[];
  /** Lists and sheets, as paths. */
  readonly files: {
    /** JSON lines: what became of each photograph, with landmarks. */
    readonly record: string;
    /** JSON lines: path and reason of what did not come out. */
    readonly leftOut: string;
    /** Crops, at most 200 of all people; undefined where there is none. */
    readonly sheet: string | undefined;
    /** Photographs without a face. */
    readonly leftOutSheet: string | undefined;
  };
}

const JPEG_QUALITY = 95;
const LOOKED_AT_A_TIME = 16;
/** What is half-written for longer was left by a process that was killed. */
const LEFT_BEHIND_MS = 600_000;

/**
 * Finds the faces of photographs and writes aligned crops of 112×112 pixels, one a photograph.
 *
 * Photographs may have any size and EXIF orientation. Of several faces the largest and most central one is taken
 * ({@link chooseFace}). A crop is written aside and renamed, and then recorded in `.align/` of the folder, so a call that
 * was stopped goes on where it was; a photograph that has changed since (size or time), or that another detector or other
 * landmarks are given for, is done again, and crops of photographs that are gone are removed. Two
 * processes on one folder do some work twice, and no harm.
 *
 * @throws DataFolderError, OutputFolderError, FaceDetectorError, OptionOutOfRangeError; UnreadableImageError with `strict`
 */
export async function alignFolder(options: AlignFolderOptions): Promise<AlignedFolder> {
  const { data, out, detector, landmarks, format = 'jpeg', strict = false, signal } = options;
  if (detector === undefined && landmarks === undefined) {
    throw new OptionOutOfRangeError('detector', undefined, 'a detector, or landmarks', 'give one of them.');
  }
  requireApart(data, out);
  const { files, problems: found } = await findPhotographs(data);
  if (files.length === 0) throw emptyFolder(data, found[0]);
  const problems = [...found];
  for (const problem of found) options.onProblem?.(problem);
  const record = await AlignmentRecord.open(out, resolve(data));
  try {
    const removed = await removeStale(out, record, new Set(files.map(({ path }) => path)));
    const crops = cropPaths(
      files.map(({ path }) => path),
      format === 'png' ? 'png' : 'jpg',
    );
    const work: Work = { data, out, detector, landmarks, format };
    const jobs = files.map((file, index) => ({ file, crop: crops[index]!, made: fingerprint(file, work) }));
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
        const outcome = await alignOne(path, crop, work);
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
    return await summarise({ ...work, record, problems, total, kept, removed, unmatched });
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

interface Work {
  readonly data: string;
  readonly out: string;
  readonly detector: FaceDetector | undefined;
  readonly landmarks: ReadonlyMap<string, readonly FaceLandmarks[]> | undefined;
  readonly format: 'jpeg' | 'png';
}

/** One more than the detector works on is read meanwhile. */
function concurrencyOf(detector: FaceDetector | undefined): number {
  return detector === undefined ? availableParallelism() : (detector.concurrency ?? 1) + 1;
}

/** Changes when the photograph does, or when it would come out otherwise. */
function fingerprint({ path, bytes, changed }: PhotographFile, work: Work): string {
  const given = work.landmarks?.get(path.normalize('NFC'));
  const how = work.landmarks === undefined ? work.detector!.name : JSON.stringify(given ?? null);
  const hash = createHash('sha256').update(`${ALIGNMENT_VERSION}\0${how}\0${work.format}`).digest('hex');
  return `${bytes}:${changed}:${hash.slice(0, 16)}`;
}

async function isThere(out: string, entry: AlignmentEntry, crop: string): Promise<boolean> {
  if (entry.crop === undefined) return true;
  if (entry.crop !== crop) return false;
  const found = await stat(join(out, crop)).catch(() => undefined);
  return found?.size === entry.bytes;
}

type Outcome = Omit<AlignmentEntry, 'path' | 'made'>;

function alignOne(path: string, crop: string, work: Work): Promise<Outcome> {
  return withPhotograph(join(work.data, path), (photograph) => alignOpened(photograph, path, crop, work));
}

async function alignOpened(photograph: Photograph, path: string, crop: string, work: Work): Promise<Outcome> {
  const given = work.landmarks?.get(path.normalize('NFC'))?.map(faceFromLandmarks);
  if (work.landmarks !== undefined && given === undefined)
    return { reason: 'the file of landmarks has no line for it' };
  const { faces, view } =
    given === undefined
      ? await facesOfPhotograph(photograph, (picture) => work.detector!.detect(picture))
      : { faces: given, view: undefined };
  const face = chooseFace(faces, photograph);
  if (face === undefined) return { reason: 'no face was found' };
  const { landmarks, score } = face;
  if (!areLandmarksOfFace(landmarks))
    return { reason: 'the landmarks are not those of a face', faces: faces.length };
  const bytes = await encode(await cropFace(photograph, landmarks, view), work.format);
  await writeAside(work.out, crop, bytes);
  const rounded = landmarks.map((point) => point.map((value) => Math.round(100 * value) / 100));
  return {
    crop,
    bytes: bytes.length,
    faces: faces.length,
    score: Math.round(1000 * score) / 1000,
    landmarks: rounded,
  };
}

function encode(image: RawImage, format: 'jpeg' | 'png'): Promise<Uint8Array> {
  const picture = fromRaw(image);
  return (
    format === 'png' ? picture.png() : picture.jpeg({ quality: JPEG_QUALITY, chromaSubsampling: '4:4:4' })
  ).toBuffer();
}

async function writeAside(out: string, crop: string, bytes: Uint8Array): Promise<void> {
  const target = join(out, crop);
  const aside = join(out, RECORD_FOLDER, `${randomUUID()}.partial`);
  try {
    await makeFolder(dirname(target));
    await writeFile(aside, bytes, { flush: true });
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
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
  for (const name of await readdir(join(out, RECORD_FOLDER))) {
    if (!name.endsWith('.partial')) continue;
    const file = join(out, RECORD_FOLDER, name);
    const found = await stat(file).catch(() => undefined);
    // A younger one may be of another process.
    if (found !== undefined && Date.now() - found.mtimeMs > LEFT_BEHIND_MS) await rm(file, { force: true });
  }
  return removed;
}

interface Finished extends Work {
  readonly record: AlignmentRecord;
  readonly problems: readonly ImageProblem[];
  readonly total: number;
  readonly kept: number;
  readonly removed: number;
  readonly unmatched: readonly string[];
}

async function summarise(finished: Finished): Promise<AlignedFolder> {
  const { data, out, record, problems, total, kept, removed, unmatched } = finished;
  const entries = record.entries();
  const aligned = entries.filter(({ crop }) => crop !== undefined);
  const leftOut = entries.filter(({ crop }) => crop === undefined);
  const lines = [
    ...leftOut.map(({ path, reason }) => ({ path, reason })),
    ...problems.map(({ path, message }) => ({
      path: relative(data, path),
      reason: message.slice(printable(path).length + 2),
    })),
  ];
  const list = join(out, RECORD_FOLDER, 'left-out.jsonl');
  await writeAside(
    out,
    join(RECORD_FOLDER, 'left-out.jsonl'),
    Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
  );
  const sheets = await alignmentSheets({
    crops: aligned.map(({ crop }) => join(out, crop!)),
    leftOut: leftOut.map(({ path }) => join(data, path)),
  });
  const place = async (name: string, sheet: Uint8Array | undefined): Promise<string | undefined> => {
    const path = join(RECORD_FOLDER, name);
    if (sheet !== undefined) await writeAside(out, path, sheet);
    else await rm(join(out, path), { force: true });
    return sheet === undefined ? undefined : join(out, path);
  };
  return {
    total,
    aligned: aligned.length,
    kept,
    removed,
    several: aligned.flatMap(({ path, faces = 0 }) => (faces > 1 ? [{ path, faces }] : [])),
    withoutFace: leftOut.map(({ path }) => path),
    inNoFolder: aligned.filter(({ path }) => !path.includes('/')).length,
    unmatched,
    problems,
    files: {
      record: record.file,
      leftOut: list,
      sheet: await place('sheet.png', sheets.crops),
      leftOutSheet: await place('left-out.png', sheets.leftOut),
    },
  };
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
