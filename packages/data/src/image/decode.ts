import { firstLine, type OptionNames, requireKnownOptions } from '@cf/core';
import sharp, { type Sharp } from 'sharp';
import { checkInteger } from '../checks.ts';
import { UnreadableImageError } from '../errors.ts';
import { type PictureSource, type PixelSize, pictureName, sourceOf } from '../source/picture-source.ts';
import { pictureBytes, readPicture } from '../source/read-picture.ts';
import { bmpSize, decodeBmp } from './bmp.ts';
import { decodingBudget } from './decoding-budget.ts';
import { decodingBytes, TooLarge } from './decoding-cost.ts';
import type { RawImage } from './raw-image.ts';
import { type ImageFormat, imageFormat, notAnImage } from './signature.ts';

/** What a decoded picture should look like. */
export interface DecodeOptions {
  /** Pixels; the picture's own by default. With only one of the two, the other keeps the proportions. */
  readonly width?: number;
  /** Pixels. */
  readonly height?: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: 1 | 3;
}

/** Their names. */
export const DECODE_OPTIONS: OptionNames<DecodeOptions> = { width: true, height: true, channels: true };

/**
 * Reads and decodes one JPEG, PNG, WebP, AVIF or BMP picture, off the main thread.
 *
 * The format is told from the content, not from the name. EXIF orientation is applied, colours are brought
 * to sRGB, transparent parts turn black, and of an animation the first frame is taken. A picture of other
 * proportions than asked for is scaled to cover and cut at the centre, never stretched.
 *
 * What it will take is told from its header. All pictures that are decoded at a time share a budget of memory; a
 * picture that would take more than all of that is refused.
 *
 * @param picture - a file's path, or another place where a picture lies.
 * @throws UnreadableImageError when it can't be read, is empty, truncated or too large, or is no picture.
 */
export async function decodeImage(
  picture: string | PictureSource,
  options: DecodeOptions,
): Promise<RawImage> {
  requireKnownOptions('decodeImage', options, DECODE_OPTIONS);
  checkSize(options);
  const source = sourceOf(picture);
  const sized = options.width !== undefined || options.height !== undefined;
  return withPicture(source, sized, (found) => decodeFound(source, found, options));
}

/** Decodes a picture that {@link withPicture} has found. @throws UnreadableImageError */
export async function decodeFound(
  source: PictureSource,
  found: FoundPicture,
  options: DecodeOptions,
): Promise<RawImage> {
  try {
    return found.format === undefined
      ? await toSize(fromRaw(found.pixels), options)
      : await decodeBytes(found.bytes, found.format, options);
  } catch (error) {
    throw new UnreadableImageError(pictureName(source), decodeFailure(error), 'unreadable image', error);
  }
}

/** Width and height of a picture as it is shown. */
export async function pictureSize(found: FoundPicture): Promise<PixelSize> {
  if (found.format === undefined) return { width: found.pixels.width, height: found.pixels.height };
  if (found.format === 'bmp') return bmpSize(found.bytes);
  const { autoOrient } = await sharp(found.bytes, { limitInputPixels: false }).metadata();
  return autoOrient;
}

/** An encoded picture, or one that is pixels already. */
export type FoundPicture =
  | { readonly format: ImageFormat; readonly bytes: Uint8Array }
  | { readonly format: undefined; readonly bytes: Uint8Array; readonly pixels: RawImage };

/**
 * Reads a picture and does some work on it, with the memory that decoding takes set aside.
 *
 * @param sized whether it will be scaled to a size that is asked for.
 * @throws UnreadableImageError
 */
export async function withPicture<T>(
  source: PictureSource,
  sized: boolean,
  work: (picture: FoundPicture) => Promise<T>,
): Promise<T> {
  const budget = decodingBudget();
  let held = await pictureBytes(source);
  const encoded = held;
  await budget.take(held);
  try {
    let found = await findPicture(source, encoded);
    const decoded = await costOf(source, found, sized);
    if (budget.tryTake(decoded)) {
      held += decoded;
    } else {
      // Given back first: two that wait for more while they hold something could wait for ever.
      budget.give(held);
      held = 0;
      found = { format: undefined, bytes: NONE, pixels: { width: 0, height: 0, channels: 1, data: NONE } };
      await budget.take(encoded + decoded);
      held = encoded + decoded;
      found = await findPicture(source, encoded);
    }
    return await work(found);
  } finally {
    budget.give(held);
  }
}

const NONE = new Uint8Array(0);

async function findPicture(source: PictureSource, length: number): Promise<FoundPicture> {
  const bytes = await readPicture(source, length);
  const format = imageFormat(bytes);
  if (format !== undefined) return { format, bytes };
  const pixels = source.kind === 'record' ? rawPixels(bytes, source.pixels) : undefined;
  if (pixels === undefined)
    throw new UnreadableImageError(pictureName(source), notAnImage(bytes), 'not an image');
  return { format, bytes, pixels };
}

/** A record that has a byte for each pixel and channel of its pack's size holds pixels, RGB or grey. */
function rawPixels(data: Uint8Array, size: PixelSize | undefined): RawImage | undefined {
  if (size === undefined) return undefined;
  const channels = ([3, 1] as const).find((count) => size.width * size.height * count === data.length);
  return channels && { ...size, channels, data };
}

async function costOf(source: PictureSource, found: FoundPicture, sized: boolean): Promise<number> {
  if (found.format === undefined) return 0;
  try {
    return await decodingBytes(found.bytes, found.format, sized);
  } catch (error) {
    const reason = error instanceof TooLarge ? error.message : decodeFailure(error);
    throw new UnreadableImageError(pictureName(source), reason, 'unreadable image', error);
  }
}

/**
 * Scales a picture, cutting at the centre where the proportions differ.
 *
 * Grey stays grey and RGB stays RGB; a picture that has the size already is returned as it is.
 */
export async function resizeImage(image: RawImage, width: number, height: number): Promise<RawImage> {
  checkSize({ width, height, channels: image.channels });
  if (image.width === width && image.height === height) return image;
  const { channels } = image;
  const pipeline = fromRaw(image)
    .resize(width, height, { fit: 'cover', position: 'centre' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb');
  return toRawImage(pipeline, channels);
}

function decodeBytes(bytes: Uint8Array, format: ImageFormat, options: DecodeOptions): Promise<RawImage> {
  // 'error' refuses truncated and damaged pixels, yet not a mere oddity in the header.
  const pipeline =
    format === 'bmp' ? fromRaw(decodeBmp(bytes)) : sharp(bytes, { failOn: 'error', autoOrient: true });
  return toSize(pipeline.flatten({ background: '#000' }), options);
}

function toSize(pipeline: Sharp, { width, height, channels }: DecodeOptions): Promise<RawImage> {
  const sized =
    width === undefined && height === undefined
      ? pipeline
      : pipeline.resize({ width, height, fit: 'cover', position: 'centre' });
  return toRawImage(sized.toColourspace(channels === 1 ? 'b-w' : 'srgb'), channels);
}

/** A picture for sharp to work on. */
export function fromRaw({ width, height, channels, data }: RawImage): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** What sharp has made, decoded. @throws Error if it has another number of channels */
export async function toRawImage(pipeline: Sharp, channels: 1 | 3): Promise<RawImage> {
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels || data.length !== info.width * info.height * channels) {
    throw new Error(`decoded to ${info.width}×${info.height}×${info.channels}, not to ${channels} channels`);
  }
  return { width: info.width, height: info.height, channels, data };
}

/** Throws `E_OPTION_RANGE` unless a picture can have that size. */
export function checkSize({ width, height }: DecodeOptions): void {
  if (width !== undefined) checkInteger('width', width, 1, 16_384);
  if (height !== undefined) checkInteger('height', height, 1, 16_384);
}

/**
 * libvips writes several lines, some of them twice; a report has room for the first. Its error buffer is one for the
 * whole process, so of two pictures that fail at the same time one may be left with an unknown error.
 */
export function decodeFailure(error: unknown): string {
  const line = firstLine(error).trim();
  const truncated =
    /premature end|truncated|read error|unable to parse|insufficient|out of order|unknown error/i.test(line);
  // Threads of libvips share the place where it tells why, and one may find it empty.
  const why = /^unknown error$/i.test(line) ? '' : ` (${line})`;
  return truncated ? `the picture is truncated or damaged${why}` : `it can't be decoded${why}`;
}
