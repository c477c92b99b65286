import { ShapeMismatchError } from '@cf/core';
import type { RawImage } from './raw-image.ts';

/** The mirror image: every row reversed, channels kept in order. Returns a new picture. */
export function flipHorizontally(image: RawImage): RawImage {
  const { width, height, channels, data } = image;
  checkData(image, 'image');
  const flipped = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const row = y * width * channels;
    for (let x = 0; x < width; x++) {
      const from = row + x * channels;
      const to = row + (width - 1 - x) * channels;
      for (let channel = 0; channel < channels; channel++) flipped[to + channel] = data[from + channel]!;
    }
  }
  return { width, height, channels, data: flipped };
}

/** Every row from right to left, in a new array. @param values `[…, W]`: planes, or grey pictures */
export function mirrorRows<T extends Float32Array | Uint8Array>(values: T, width: number): T {
  const mirrored = values.slice() as T;
  for (let row = 0; row < mirrored.length; row += width) mirrored.subarray(row, row + width).reverse();
  return mirrored;
}

/**
 * Lays pictures out for a network: planes instead of interleaved pixels, values 0 … 255, not normalised.
 *
 * @param images - N pictures of one size and one number of channels.
 * @param into - where to write; the first N·C·H·W numbers are overwritten. A new array by default.
 * @returns `[N, C, H, W]`, row-major: `into` itself, or a view of its written part where it is longer.
 * @throws ShapeMismatchError when the pictures differ in shape, one lacks data, or `into` is too short.
 */
export function toTensorNCHW(images: readonly RawImage[], into?: Float32Array): Float32Array {
  const first = images[0];
  if (first === undefined) return into?.subarray(0, 0) ?? new Float32Array(0);
  const plane = first.width * first.height;
  const size = plane * first.channels;
  const total = size * images.length;
  if (into !== undefined && into.length < total) {
    throw new ShapeMismatchError(
      `into of length ${into.length}`,
      `at least ${total} = ${images.length} pictures × ${shapeOf(first)}`,
      'pass a longer array, or none.',
    );
  }
  const tensor = into === undefined ? new Float32Array(total) : into.subarray(0, total);
  images.forEach((image, n) => {
    checkSameShape(image, first, n);
    toPlanes(image, tensor, n * size);
  });
  return into !== undefined && into.length === total ? into : tensor;
}

/** Writes one picture as planes, `[C, H, W]`, from `offset` on. The array has room, and the data has its length. */
export function toPlanes(image: RawImage, tensor: Float32Array | Uint8Array, offset: number): void {
  checkData(image, 'image');
  const { width, height, channels, data } = image;
  const plane = width * height;
  for (let channel = 0; channel < channels; channel++) {
    const start = offset + channel * plane;
    for (let pixel = 0, from = channel; pixel < plane; pixel++, from += channels) {
      tensor[start + pixel] = data[from]!;
    }
  }
}

function checkSameShape(image: RawImage, first: RawImage, n: number): void {
  checkData(image, `images[${n}]`);
  if (shapeOf(image) === shapeOf(first)) return;
  throw new ShapeMismatchError(
    `images[${n}] of ${shapeOf(image)}`,
    `${shapeOf(first)} as images[0]`,
    'decode all pictures to one size and one number of channels.',
  );
}

function checkData(image: RawImage, name: string): void {
  const length = image.width * image.height * image.channels;
  if (image.data.length === length) return;
  throw new ShapeMismatchError(
    `${name}.data of length ${image.data.length}`,
    `${length} = ${shapeOf(image)}`,
    'pass interleaved pixels, [height, width, channels].',
  );
}

function shapeOf(image: RawImage): string {
  return `${image.width}×${image.height}×${image.channels}`;
}
