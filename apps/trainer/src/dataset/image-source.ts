import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  type ImageProblem,
  loadImages,
  type RawImage,
  readPicture,
  type StreamedPicture,
  type SyntheticFaces,
} from '@cf/data';

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

/** A numbered list of pictures, from files or drawn. */
export interface ImageSource {
  readonly count: number;
  /** What a picture is called: its folder and file name, such as `Ann/Ann_0001.jpg`. */
  name(index: number): string;
  /** Some of the pictures, as a list of their own. */
  some(indices: readonly number[]): ImageSource;
  /** Changes when any picture of the list does: by path, size and time of a file, by the parameters of a drawing. */
  fingerprint(): Promise<string>;
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

/**
 * Pictures in files: decoded off the main thread, some ahead of their use.
 *
 * @param checkContent whether their keys tell what is in them as well; all files are read for it
 */
export function fileImages(files: readonly string[], checkContent: boolean = false): ImageSource {
  return {
    count: files.length,
    name: (index) => `${basename(dirname(files[index]!))}/${basename(files[index]!)}`,
    some: (indices) =>
      fileImages(
        indices.map((index) => files[index]!),
        checkContent,
      ),
    async fingerprint() {
      const hash = createHash('sha256');
      for (const file of files) {
        const { size, mtimeMs } = await statOf(file);
        hash.update(`${file}\0${size}\0${mtimeMs}\n`);
      }
      return hash.digest('hex');
    },
    async keys() {
      const keys: string[] = [];
      for (const file of files) {
        const { size } = await statOf(file);
        keys.push(`${basename(file)}\0${size}${checkContent ? `\0${await contentHash(file)}` : ''}`);
      }
      return keys;
    },
    get sources() {
      return files.map((path) => ({ kind: 'file', path }) as const);
    },
    load: (shape, { strict, onProblem, signal }) =>
      loadImages(files, { ...shape, strict, onProblem, signal }),
  };
}

/** Of a file that can't be read, numbers that none has: it is told when its picture is. */
function statOf(file: string): Promise<{ readonly size: number; readonly mtimeMs: number }> {
  return stat(file).catch(() => ({ size: -1, mtimeMs: -1 }));
}

async function contentHash(file: string): Promise<string> {
  const content = await readFile(file).catch(() => '');
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
    async fingerprint() {
      return createHash('sha256').update(JSON.stringify({ seed, difficulty, images })).digest('hex');
    },
    async keys() {
      return images.map((image) => JSON.stringify({ seed, difficulty, ...image }));
    },
    sources,
    async *load(shape, { signal }) {
      const draw = (image: StreamedPicture): Promise<RawImage> => readPicture(image, shape);
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
