import { type OptionNames, OptionOutOfRangeError, requireKnownOptions, ShapeMismatchError } from '@cf/core';
import { type AugmentOptions, checkAugmentation } from '../augmentation/augment-options.ts';
import { augmentPicture, type Recompress } from '../augmentation/augment-picture.ts';
import { type AugmentKey, drawAugmentation } from '../augmentation/draw-augmentation.ts';
import { placePicture } from '../augmentation/place-picture.ts';
import type { Planes } from '../augmentation/planes.ts';
import type { ImageStore } from './image-store.ts';

/** How {@link augmentBatch} writes pictures. */
export interface AugmentBatchOptions {
  /** Where to write; the first B·C·H·W numbers are overwritten. A new array by default. */
  readonly into?: Float32Array;
  /** Who writes and reads JPEGs, where the options have a share of `jpeg`. */
  readonly recompress?: Recompress;
}

const BATCH_OPTIONS: OptionNames<AugmentBatchOptions> = { into: true, recompress: true };

/**
 * Cuts a batch out of a store and changes each picture at random ({@link drawAugmentation}).
 *
 * @param samples - positions in the store, in any order, repeated or not: `[B]`.
 * @returns `[B, C, H, W]`, 0 … 255: a view of `into`, or a new array.
 * @throws OptionOutOfRangeError for a strength out of range, a sample that the store does not have, or a JPEG that nobody
 * writes.
 * @throws ShapeMismatchError when `into` is too short.
 */
export async function augmentBatch(
  store: ImageStore,
  samples: ArrayLike<number>,
  options: AugmentOptions,
  key: AugmentKey,
  given: AugmentBatchOptions = {},
): Promise<Float32Array> {
  requireKnownOptions('augmentBatch', given, BATCH_OPTIONS);
  checkAugmentation(options);
  const { into, recompress } = given;
  const batch = batchArray(store, samples, into);
  for (let b = 0; b < samples.length; b++) {
    const sample = samples[b]!;
    const drawn = drawAugmentation(options, key, sample);
    await augmentPicture(pictureOf(store, sample), drawn, placeOf(store, batch, b), recompress);
  }
  return batch;
}

/** How {@link pixelBatch} lays pictures out. */
export interface PixelBatchOptions {
  /** True gives mirror images, to sum their features with those of the pictures. Default false. */
  readonly mirror?: boolean;
  /** Where to write, as in {@link augmentBatch}. */
  readonly into?: Float32Array;
}

const OPTIONS: OptionNames<PixelBatchOptions> = { mirror: true, into: true };

/**
 * Cuts a batch out of a store as it is, or mirrored.
 *
 * @param samples - positions in the store: `[B]`.
 * @returns `[B, C, H, W]`, 0 … 255.
 * @throws OptionOutOfRangeError, ShapeMismatchError as {@link augmentBatch} does.
 */
export function pixelBatch(
  store: ImageStore,
  samples: ArrayLike<number>,
  options: PixelBatchOptions = {},
): Float32Array {
  requireKnownOptions('pixelBatch', options, OPTIONS);
  const { mirror = false, into } = options;
  const batch = batchArray(store, samples, into);
  const mirrored = { flip: mirror, right: 0, down: 0, window: undefined };
  for (let b = 0; b < samples.length; b++)
    placePicture(pictureOf(store, samples[b]!), mirrored, placeOf(store, batch, b));
  return batch;
}

function batchArray(store: ImageStore, samples: ArrayLike<number>, into?: Float32Array): Float32Array {
  for (let b = 0; b < samples.length; b++) {
    const sample = samples[b]!;
    if (Number.isInteger(sample) && sample >= 0 && sample < store.count) continue;
    throw new OptionOutOfRangeError(
      `samples[${b}]`,
      sample,
      `an integer in [0, ${store.count})`,
      'pass positions in the store.',
    );
  }
  const length = samples.length * store.channels * store.height * store.width;
  if (into === undefined) return new Float32Array(length);
  if (into.length >= length) return into.subarray(0, length);
  throw new ShapeMismatchError(
    `into of length ${into.length}`,
    `at least ${length} = ${samples.length} pictures × ${store.channels}×${store.height}×${store.width}`,
    'pass a longer array, or none.',
  );
}

function pictureOf({ channels, height, width, pixels }: ImageStore, sample: number): Uint8Array {
  const size = channels * height * width;
  return pixels.subarray(sample * size, (sample + 1) * size);
}

function placeOf({ channels, height, width }: ImageStore, batch: Float32Array, place: number): Planes {
  const size = channels * height * width;
  return { channels, height, width, values: batch.subarray(place * size, (place + 1) * size) };
}
