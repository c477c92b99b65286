import { totalmem } from 'node:os';
import { type OptionNames, requireKnownOptions, ShapeMismatchError } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { ImageStoreSizeError } from '../errors.ts';
import { checkSize, DECODE_OPTIONS, type DecodeOptions } from '../image/decode.ts';
import { type LoadImagesOptions, loadImages } from '../image/image-loader.ts';
import type { RawImage } from '../image/raw-image.ts';
import { toPlanes } from '../image/transform.ts';
import type { PictureSource } from '../source/picture-source.ts';

/** Pictures of one size, decoded once and kept in memory, ready to be cut into batches. */
export interface ImageStore {
  /** N. */
  readonly count: number;
  /** C: 1 is grey, 3 is RGB. */
  readonly channels: 1 | 3;
  /** H, in pixels. */
  readonly height: number;
  /** W, in pixels. */
  readonly width: number;
  /** Where each picture stood in the list that it came from; those that could not be read are not there: `[N]`. */
  readonly indices: Int32Array;
  /** `[N, C, H, W]`, row-major, 0 … 255. */
  readonly pixels: Uint8Array;
}

/** The size of every picture of a store, and how much memory it may take. */
export interface ImageStoreOptions extends Required<DecodeOptions> {
  /** Bytes that the pixels may take; half of the machine's memory by default. */
  readonly maxBytes?: number;
  /** Hears of each picture that is kept; `done` counts the places of the list that lie behind it. */
  readonly onProgress?: (progress: StoreProgress) => void;
}

/** How far a store has come. */
export interface StoreProgress {
  /** Places of the list that were read or passed over. */
  readonly done: number;
  /** Length of the list. */
  readonly total: number;
}

/** How {@link loadImageStore} reads. */
export type LoadImageStoreOptions = ImageStoreOptions & Omit<LoadImagesOptions, 'width' | 'height'>;

const STORE_OPTIONS: OptionNames<ImageStoreOptions> = { ...DECODE_OPTIONS, maxBytes: true, onProgress: true };
const LOADING_OPTIONS: OptionNames<LoadImageStoreOptions> = {
  ...STORE_OPTIONS,
  concurrency: true,
  prefetch: true,
  strict: true,
  onProblem: true,
  signal: true,
};

/**
 * Decodes files once, off the main thread and ahead of their use, into one array.
 *
 * Unreadable pictures are skipped, reported and refused as {@link loadImages} does it.
 *
 * @throws ImageStoreSizeError before anything is read, when the pictures would not fit the budget.
 * @throws UnreadableImageError in strict mode. The signal's reason when it is raised.
 */
export function loadImageStore(
  files: readonly (string | PictureSource)[],
  options: LoadImageStoreOptions,
): Promise<ImageStore> {
  requireKnownOptions('loadImageStore', options, LOADING_OPTIONS);
  const { maxBytes, onProgress, ...loading } = options;
  const { width, height, channels } = options;
  const store = {
    width,
    height,
    channels,
    ...(maxBytes !== undefined && { maxBytes }),
    ...(onProgress && { onProgress }),
  };
  return collectImages(loadImages(files, loading), files.length, store);
}

/**
 * Gathers pictures from any source into one array, such as drawn ones.
 *
 * @param images - in the order of their indices, each of the size that the options name.
 * @param total - length of the list that the indices point into; memory is taken for as many pictures.
 * @throws ImageStoreSizeError when the pictures would not fit the budget; the source is not asked for any then.
 * @throws ShapeMismatchError when a picture has another size.
 */
export async function collectImages(
  images: AsyncIterable<{ readonly index: number; readonly image: RawImage }>,
  total: number,
  options: ImageStoreOptions,
): Promise<ImageStore> {
  requireKnownOptions('collectImages', options, STORE_OPTIONS);
  const { width, height, channels, onProgress } = options;
  checkInteger('total', total, 0);
  checkSize(options);
  const size = channels * height * width;
  requireFit(total, options);
  const pixels = new Uint8Array(total * size);
  const indices = new Int32Array(total);
  let count = 0;
  for await (const { index, image } of images) {
    requireShape(image, index, options);
    if (count === total) {
      throw new ShapeMismatchError(
        'more pictures than total',
        `at most ${total}`,
        'pass the length of the list.',
      );
    }
    toPlanes(image, pixels, count * size);
    indices[count++] = index;
    onProgress?.({ done: index + 1, total });
  }
  return {
    count,
    channels,
    height,
    width,
    indices: indices.subarray(0, count),
    pixels: pixels.subarray(0, count * size),
  };
}

function requireFit(total: number, { width, height, channels, maxBytes }: ImageStoreOptions): void {
  const budget = maxBytes ?? Math.floor(totalmem() / 2);
  const bytes = total * channels * height * width;
  if (bytes > budget) throw new ImageStoreSizeError(total, `${width}×${height}×${channels}`, bytes, budget);
}

function requireShape(image: RawImage, index: number, { width, height, channels }: ImageStoreOptions): void {
  if (image.width === width && image.height === height && image.channels === channels) return;
  throw new ShapeMismatchError(
    `picture ${index} of ${image.width}×${image.height}×${image.channels}`,
    `${width}×${height}×${channels}`,
    'decode all pictures to the size of the store.',
  );
}
