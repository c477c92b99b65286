import { createRandom, OptionOutOfRangeError, ShapeMismatchError } from '@cf/core';
import { checkInteger } from '../checks.ts';
import type { ImageStore } from './image-store.ts';

/** How pictures may be changed, at random, each time they are trained on. */
export interface AugmentOptions {
  /** Every second picture is mirrored. */
  readonly flip: boolean;
  /** Pictures move by −shift … shift pixels along each axis, every amount equally likely; 0 leaves them where they are. */
  readonly shift: number;
}

/** What the draws belong to, beside the sample. */
export interface AugmentKey {
  readonly seed: number | string;
  /** From 0. */
  readonly epoch: number;
}

/** What is done to one picture: mirrored first, then moved. */
export interface Augmentation {
  readonly flip: boolean;
  /** Pixels to the right, in [−shift, shift]. */
  readonly right: number;
  /** Pixels down, in [−shift, shift]. */
  readonly down: number;
}

/**
 * Draws what is done to a sample in an epoch.
 *
 * It depends on seed, epoch and sample alone, never on the batch that the sample is in nor on what was drawn
 * before, so that a resumed run sees the same pictures.
 *
 * @throws OptionOutOfRangeError for a negative shift or epoch.
 */
export function drawAugmentation(
  { flip, shift }: AugmentOptions,
  { seed, epoch }: AugmentKey,
  sample: number,
): Augmentation {
  checkInteger('shift', shift, 0, 16_384);
  checkInteger('epoch', epoch, 0);
  const random = createRandom(seed).fork('augmentation').fork(epoch).fork(sample);
  // All three are drawn, used or not: turning one option off leaves the other's draws as they were.
  const mirrored = random.chance(0.5);
  const right = random.integer(-shift, shift + 1);
  const down = random.integer(-shift, shift + 1);
  return { flip: flip && mirrored, right, down };
}

/**
 * Cuts a batch out of a store and changes each picture at random: mirrored or not, moved by a few pixels.
 *
 * What moves into view repeats the nearest pixel of the picture's edge, so that no frame of another brightness
 * betrays the shift.
 *
 * @param samples - positions in the store, in any order, repeated or not: `[B]`.
 * @param into - where to write; the first B·C·H·W numbers are overwritten. A new array by default.
 * @returns `[B, C, H, W]`, 0 … 255: a view of `into`, or a new array.
 * @throws OptionOutOfRangeError for a negative shift or epoch, or a sample that the store does not have.
 * @throws ShapeMismatchError when `into` is too short.
 */
export function augmentBatch(
  store: ImageStore,
  samples: ArrayLike<number>,
  options: AugmentOptions,
  key: AugmentKey,
  into?: Float32Array,
): Float32Array {
  const batch = batchArray(store, samples, into);
  for (let b = 0; b < samples.length; b++) {
    copyPicture(store, samples[b]!, drawAugmentation(options, key, samples[b]!), batch, b);
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
  { mirror = false, into }: PixelBatchOptions = {},
): Float32Array {
  const batch = batchArray(store, samples, into);
  const augmentation = { flip: mirror, right: 0, down: 0 };
  for (let b = 0; b < samples.length; b++) copyPicture(store, samples[b]!, augmentation, batch, b);
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

function copyPicture(
  { channels, height, width, pixels }: ImageStore,
  sample: number,
  { flip, right, down }: Augmentation,
  batch: Float32Array,
  place: number,
): void {
  const columns = sourceColumns(width, flip, right);
  const plane = height * width;
  for (let c = 0; c < channels; c++) {
    const from = (sample * channels + c) * plane;
    let to = (place * channels + c) * plane;
    for (let y = 0; y < height; y++) {
      const row = from + clamp(y - down, height) * width;
      for (let x = 0; x < width; x++) batch[to++] = pixels[row + columns[x]!]!;
    }
  }
}

/** Which column of the picture each column of the result shows. */
function sourceColumns(width: number, flip: boolean, right: number): Int32Array {
  return Int32Array.from({ length: width }, (_, x) => {
    const column = clamp(x - right, width);
    return flip ? width - 1 - column : column;
  });
}

function clamp(position: number, size: number): number {
  return Math.min(size - 1, Math.max(0, position));
}
