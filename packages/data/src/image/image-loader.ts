import { availableParallelism } from 'node:os';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { UnreadableImageError } from '../errors.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import { type PictureSource, pictureName } from '../source/picture-source.ts';
import { DECODE_OPTIONS, type DecodeOptions, decodeImage } from './decode.ts';
import type { RawImage } from './raw-image.ts';

/** How {@link loadImages} reads. */
export interface LoadImagesOptions extends DecodeOptions {
  /** Pictures decoded at the same time; the number of processors by default. */
  readonly concurrency?: number;
  /** Pictures begun or decoded before they are asked for, at most; four times `concurrency` by default. */
  readonly prefetch?: number;
  /** True stops at the first unreadable picture. By default true only without `onProblem`: no skip goes unheard. */
  readonly strict?: boolean;
  /** Hears of each picture that is skipped, in file order. */
  readonly onProblem?: (problem: ImageProblem) => void;
  /** Ends the loading; the generator throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** One decoded picture of a list. */
export interface LoadedImage {
  /** Position in the list. */
  readonly index: number;
  /** What messages call it: its path, and where in the file it lies. */
  readonly file: string;
  readonly image: RawImage;
}

type Outcome = { readonly image: RawImage } | { readonly error: unknown };

const OPTIONS: OptionNames<LoadImagesOptions> = {
  ...DECODE_OPTIONS,
  concurrency: true,
  prefetch: true,
  strict: true,
  onProblem: true,
  signal: true,
};

/**
 * Decodes a list of files in order, a bounded number of them ahead of the reader.
 *
 * Leaving the loop early (`break`, `return`, an exception) starts nothing more, waits for the few pictures
 * under way, and leaves no rejection unhandled.
 *
 * @throws UnreadableImageError in strict mode, at the place in the order where the picture would have come.
 */
export async function* loadImages(
  files: readonly (string | PictureSource)[],
  options: LoadImagesOptions,
): AsyncGenerator<LoadedImage, void, undefined> {
  requireKnownOptions('loadImages', options, OPTIONS);
  const { concurrency = availableParallelism(), onProblem, signal } = options;
  const { prefetch = 4 * concurrency, strict = onProblem === undefined } = options;
  const { width, height, channels } = options;
  const shape = { channels, ...(width !== undefined && { width }), ...(height !== undefined && { height }) };
  checkInteger('concurrency', concurrency, 1);
  checkInteger('prefetch', prefetch, 1);

  const window = new DecodingWindow(files, shape, concurrency, prefetch);
  try {
    for (let index = 0; index < files.length; index++) {
      signal?.throwIfAborted();
      const outcome = await window.take(index);
      signal?.throwIfAborted();
      const file = pictureName(files[index]!);
      if ('image' in outcome) {
        yield { index, file, image: outcome.image };
      } else if (strict || !(outcome.error instanceof UnreadableImageError)) {
        throw outcome.error;
      } else {
        const { kind, path, reason } = outcome.error;
        onProblem?.(imageProblem(kind, path, reason));
      }
    }
  } finally {
    await window.close();
  }
}

/** The pictures under way or waiting: at most `concurrency` decoding, at most `prefetch` altogether. */
class DecodingWindow {
  readonly #files: readonly (string | PictureSource)[];
  readonly #shape: DecodeOptions;
  readonly #concurrency: number;
  readonly #prefetch: number;
  /** Outcomes by index. They never reject: a failure is a value, so that none is left unhandled. */
  readonly #begun = new Map<number, Promise<Outcome>>();
  #decoding = 0;
  #next = 0;
  #closed = false;

  constructor(
    files: readonly (string | PictureSource)[],
    shape: DecodeOptions,
    concurrency: number,
    prefetch: number,
  ) {
    this.#files = files;
    this.#shape = shape;
    this.#concurrency = concurrency;
    this.#prefetch = prefetch;
    this.#fill();
  }

  async take(index: number): Promise<Outcome> {
    // Where the window is full of earlier pictures, this one has begun already: the order is the files' order.
    const outcome = await this.#begun.get(index)!;
    this.#begun.delete(index);
    this.#fill();
    return outcome;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#begun.values());
    this.#begun.clear();
  }

  #fill(): void {
    while (
      !this.#closed &&
      this.#next < this.#files.length &&
      this.#decoding < this.#concurrency &&
      this.#begun.size < this.#prefetch
    ) {
      const index = this.#next++;
      this.#decoding++;
      this.#begun.set(index, this.#decode(this.#files[index]!));
    }
  }

  async #decode(file: string | PictureSource): Promise<Outcome> {
    try {
      return { image: await decodeImage(file, this.#shape) };
    } catch (error) {
      return { error };
    } finally {
      this.#decoding--;
      this.#fill();
    }
  }
}
