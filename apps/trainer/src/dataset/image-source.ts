import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { ImageProblem, PictureSource, RawImage } from '@cf/data';
import {
  decodePicture,
  loadImages,
  pictureBytes,
  readPicture,
  type StreamedPicture,
  type SyntheticFaces,
} from '@cf/data/node';

/** The size that pictures are decoded to. */
export interface ImageShape {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

export interface LoadOptions {
  /** Stop at the first unreadable picture. */
  readonly strict: boolean;
  readonly onProblem: (problem: ImageProblem) => void;
  readonly signal: AbortSignal;
}

/** How problems with pictures are taken. */
export type ProblemPolicy = Pick<LoadOptions, 'onProblem' | 'strict'>;

/** A numbered list of pictures, from files or drawn. */
export interface ImageSource {
  readonly count: number;
  /** What a picture is called: its folder and file name, such as `Ann/Ann_0001.jpg`. */
  name(index: number): string;
  /** Some of the pictures, as a list of their own. */
  some(indices: readonly number[]): ImageSource;
  /** For each picture, what changes when it does: path, size and time of a file, the parameters of a drawing. */
  fingerprints(): Promise<readonly string[]>;
  /** What each picture is, wherever it lies: name and size of a file, the parameters of a drawing. */
  keys(): Promise<readonly string[]>;
  /** Where each picture comes from. */
  readonly sources: readonly StreamedPicture[];
  /** Pictures in order, unreadable ones left out and reported. */
  load(
    shape: ImageShape,
    options: LoadOptions,
  ): AsyncIterable<{ readonly index: number; readonly image: RawImage }>;
}

/** One number for a whole list of pictures: changes when one of them does, or their order. */
export async function listFingerprint(images: ImageSource): Promise<string> {
  const hash = createHash('sha256');
  for (const fingerprint of await images.fingerprints()) hash.update(`${fingerprint}\n`);
  return hash.digest('hex');
}

/** A picture that is a file, or lies in one. */
export type StoredPicture = string | PictureSource;

/**
 * Pictures in files: decoded off the main thread, some ahead of their use.
 *
 * @param checkContent whether their keys tell what is in them as well; all files are read for it
 */
export function fileImages(files: readonly StoredPicture[], checkContent: boolean = false): ImageSource {
  return {
    count: files.length,
    name: (index) => nameOf(files[index]!),
    some: (indices) =>
      fileImages(
        indices.map((index) => files[index]!),
        checkContent,
      ),
    async fingerprints() {
      const fingerprints: string[] = [];
      const stats = new StatCache();
      for (const file of files) {
        const { size, mtimeMs } = await stats.of(file);
        const place = isFile(file) ? '' : `\0${file.offset}\0${file.length}`;
        fingerprints.push(`${pathOf(file)}\0${size}\0${mtimeMs}${place}`);
      }
      return fingerprints;
    },
    async keys() {
      const keys: string[] = [];
      const stats = new StatCache();
      for (const file of files) {
        const key = isFile(file)
          ? `${basename(pathOf(file))}\0${(await stats.of(file)).size}`
          : `${basename(file.path)}\0${file.key}\0${file.length}`;
        keys.push(`${key}${checkContent ? `\0${await contentHash(file)}` : ''}`);
      }
      return keys;
    },
    get sources() {
      return files.map((file) => (typeof file === 'string' ? { kind: 'file' as const, path: file } : file));
    },
    load: (shape, { strict, onProblem, signal }) =>
      loadImages(files, { ...shape, strict, onProblem, signal }),
  };
}

/** Folder and name of a file, or the name of the file that it lies in and its number there. */
function nameOf(file: StoredPicture): string {
  const path = pathOf(file);
  return isFile(file) ? `${basename(dirname(path))}/${basename(path)}` : `${basename(path)}/${file.key}`;
}

function pathOf(file: StoredPicture): string {
  return typeof file === 'string' ? file : file.path;
}

function isFile(file: StoredPicture): file is Exclude<StoredPicture, { readonly offset: number }> {
  return typeof file === 'string' || file.kind === 'file';
}

interface SizeAndTime {
  readonly size: number;
  readonly mtimeMs: number;
}

/** Size and time of files, asked for once of those that hold many pictures. */
class StatCache {
  readonly #known = new Map<string, Promise<SizeAndTime>>();

  of(file: StoredPicture): Promise<SizeAndTime> {
    if (isFile(file)) return statOf(pathOf(file));
    const known = this.#known.get(file.path) ?? statOf(file.path);
    this.#known.set(file.path, known);
    return known;
  }
}

/** Of a file that can't be read, numbers that none has: it is told when its picture is. */
function statOf(file: string): Promise<SizeAndTime> {
  return stat(file).catch(() => ({ size: -1, mtimeMs: -1 }));
}

async function contentHash(file: StoredPicture): Promise<string> {
  const source: PictureSource = typeof file === 'string' ? { kind: 'file', path: file } : file;
  const content = await pictureBytes(source)
    .then((length) => readPicture(source, length))
    .catch(() => '');
  return createHash('sha256').update(content).digest('hex');
}

/** A drawn person's picture. */
export interface DrawnImage {
  readonly identityIndex: number;
  readonly imageIndex: number;
}

const DRAWN_AHEAD = 16;

/** Pictures drawn when they are asked for. */
export function drawnImages(faces: SyntheticFaces, images: readonly DrawnImage[]): ImageSource {
  const { seed, difficulty } = faces;
  const sources = images.map((image) => ({ kind: 'drawn', seed, difficulty, ...image }) as const);
  const keys = (): string[] => images.map((image) => JSON.stringify({ seed, difficulty, ...image }));
  return {
    count: images.length,
    name(index) {
      const { identityIndex, imageIndex } = images[index]!;
      return `${faces.name(identityIndex)}/${imageIndex + 1}`;
    },
    some: (indices) =>
      drawnImages(
        faces,
        indices.map((index) => images[index]!),
      ),
    async fingerprints() {
      return keys();
    },
    async keys() {
      return keys();
    },
    sources,
    async *load(shape, { signal }) {
      const draw = (image: StreamedPicture): Promise<RawImage> => decodePicture(image, shape);
      const waiting: Promise<RawImage>[] = [];
      let next = 0;
      try {
        for (let index = 0; index < images.length; index++) {
          while (next < images.length && waiting.length < DRAWN_AHEAD) waiting.push(draw(sources[next++]!));
          signal.throwIfAborted();
          yield { index, image: await waiting.shift()! };
        }
      } finally {
        await Promise.allSettled(waiting);
      }
    },
  };
}
