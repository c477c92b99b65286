import { type OptionNames, requireKnownOptions } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { EmbeddingError } from '../errors.ts';
import { DECODE_OPTIONS, type DecodeOptions } from '../image/decode.ts';
import { loadImages } from '../image/image-loader.ts';
import type { RawImage } from '../image/raw-image.ts';
import { flipHorizontally } from '../image/transform.ts';
import type { ImageProblem } from '../problem.ts';
import { type PictureSource, pictureName } from '../source/picture-source.ts';
import { WaitingClock } from './waiting-clock.ts';

/** How {@link embed} works. */
export interface EmbedOptions extends Required<DecodeOptions> {
  /** What embeds a batch: pictures of the wanted size → `[B, d]`, row by row. Calls may overlap. */
  readonly network: (pictures: readonly RawImage[]) => Promise<Float32Array>;
  /** Pictures a call of the network; 8 by default. */
  readonly batch?: number;
  /** Batches that the network works on at a time; 1 by default. As many wait, so that it never does. */
  readonly atOnce?: number;
  /** Add the embedding of the mirror image, as `sumWithMirror` of `@cf/eval` does. */
  readonly flip?: boolean;
  /** Bring every embedding to length 1. */
  readonly normalise?: boolean;
  /** True stops at the first unreadable picture. By default true only without `onProblem`: no skip goes unheard. */
  readonly strict?: boolean;
  /** Hears of each picture that is left out, in the order of the list. */
  readonly onProblem?: (problem: ImageProblem) => void;
  readonly onProgress?: (progress: EmbedProgress) => void;
  /** Ends it; the generator throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How far {@link embed} has come. */
export interface EmbedProgress {
  /** Pictures of the list that are done, or left out. */
  readonly done: number;
  readonly total: number;
  /** Share of the network's time, since the beginning, in which it had no pictures to work on. */
  readonly waited: number;
}

/** Embeddings of some pictures of a list, in its order. */
export interface EmbeddedBatch {
  /** Where each stands in the list: `[B]`. */
  readonly indices: Int32Array;
  /** `[B, d]`, row-major. */
  readonly rows: Float32Array;
}

interface Batch {
  readonly indices: readonly number[];
  readonly pictures: readonly RawImage[];
}

const OPTIONS: OptionNames<EmbedOptions> = {
  ...DECODE_OPTIONS,
  network: true,
  batch: true,
  atOnce: true,
  flip: true,
  normalise: true,
  strict: true,
  onProblem: true,
  onProgress: true,
  signal: true,
};

/**
 * Embeds a list of pictures, which are decoded ahead of the network off the main thread. The embeddings come in the order of
 * the list, a batch at a time: memory does not grow with the list.
 *
 * Leaving the loop early begins nothing more and waits for the batches under way.
 *
 * @throws UnreadableImageError in strict mode
 * @throws EmbeddingError for an embedding that is not finite, or is zero and to be normalised; it names the picture
 */
export async function* embed(
  pictures: readonly (string | PictureSource)[],
  options: EmbedOptions,
): AsyncGenerator<EmbeddedBatch, void, undefined> {
  requireKnownOptions('embed', options, OPTIONS);
  const { network, width, height, channels, batch = 8, atOnce = 1, onProgress } = options;
  const { flip = false, normalise = false, strict, onProblem, signal } = options;
  checkInteger('batch', batch, 1, 65_536);
  checkInteger('atOnce', atOnce, 1, 1024);
  const clock = new WaitingClock(atOnce);
  const work = async (given: Batch): Promise<EmbeddedBatch> => {
    clock.begin();
    try {
      const rows = Float32Array.from(await network(given.pictures));
      if (flip) addTo(rows, await network(given.pictures.map(flipHorizontally)));
      checkRows(rows, given, pictures, normalise);
      return { indices: Int32Array.from(given.indices), rows };
    } finally {
      clock.end();
    }
  };
  const told = (last: number): void =>
    onProgress?.({ done: last, total: pictures.length, waited: clock.share });
  // Outcomes, so that no rejection is left unhandled.
  const underWay: Promise<{ readonly result: EmbeddedBatch } | { readonly error: unknown }>[] = [];
  const next = async (): Promise<EmbeddedBatch> => {
    const outcome = await underWay.shift()!;
    signal?.throwIfAborted();
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  };
  const loading = {
    width,
    height,
    channels,
    prefetch: Math.max(32, 2 * batch * atOnce),
    ...(strict !== undefined && { strict }),
    ...(onProblem !== undefined && { onProblem }),
    ...(signal !== undefined && { signal }),
  };
  try {
    for await (const each of inBatches(loadImages(pictures, loading), batch)) {
      while (underWay.length >= 2 * atOnce) {
        const result = await next();
        told(result.indices.at(-1)! + 1);
        yield result;
      }
      underWay.push(
        work(each).then(
          (result) => ({ result }),
          (error: unknown) => ({ error }),
        ),
      );
    }
    clock.stop();
    while (underWay.length > 0) {
      const result = await next();
      told(result.indices.at(-1)! + 1);
      yield result;
    }
    told(pictures.length);
  } finally {
    await Promise.all(underWay);
  }
}

async function* inBatches(
  images: AsyncIterable<{ readonly index: number; readonly image: RawImage }>,
  size: number,
): AsyncGenerator<Batch, void, undefined> {
  let [indices, pictures]: [number[], RawImage[]] = [[], []];
  for await (const { index, image } of images) {
    indices.push(index);
    if (pictures.push(image) < size) continue;
    yield { indices, pictures };
    [indices, pictures] = [[], []];
  }
  if (pictures.length > 0) yield { indices, pictures };
}

function addTo(rows: Float32Array, others: Float32Array): void {
  for (let k = 0; k < rows.length; k++) rows[k]! += others[k]!;
}

/** Refuses what is no embedding, and brings the others to length 1 where they are to be. */
function checkRows(
  rows: Float32Array,
  { indices }: Batch,
  pictures: readonly (string | PictureSource)[],
  normalise: boolean,
): void {
  const dim = rows.length / indices.length;
  if (!Number.isInteger(dim) || dim === 0) {
    throw new EmbeddingError(
      `${rows.length} numbers for ${indices.length} pictures`,
      'as many for each of them',
      'have the network give [B, d].',
    );
  }
  for (const [at, index] of indices.entries()) {
    const row = rows.subarray(at * dim, (at + 1) * dim);
    let squares = 0;
    for (const value of row) squares += value * value;
    if (Number.isFinite(squares) && (squares > 0 || !normalise)) {
      if (normalise) for (let k = 0; k < dim; k++) row[k]! /= Math.sqrt(squares);
      continue;
    }
    throw new EmbeddingError(
      `the embedding of ${pictureName(pictures[index]!)}, which is ${Number.isFinite(squares) ? 'zero' : 'not finite'}`,
      Number.isFinite(squares) ? 'one that has a direction' : 'finite numbers',
      'look at the picture, at the weights of the network, and at how it wants its pixels.',
    );
  }
}
