import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { checkInteger } from '../checks.ts';
import { UnreadableImageError } from '../errors.ts';
import { readFailure } from '../read-failure.ts';
import type { RawImage } from './raw-image.ts';
import { EMPTY_FILE, imageFormat, NOT_AN_IMAGE } from './signature.ts';

/** What a decoded picture should look like. */
export interface DecodeOptions {
  /** Pixels; the picture's own by default. With only one of the two, the other keeps the proportions. */
  readonly width?: number;
  /** Pixels. */
  readonly height?: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: 1 | 3;
}

/**
 * Reads and decodes one JPEG, PNG or WebP picture, off the main thread.
 *
 * The format is told from the content, not from the name. EXIF orientation is applied, colours are brought
 * to sRGB, transparent parts turn black, and of an animation the first frame is taken. A picture of other
 * proportions than asked for is scaled to cover and cut at the centre, never stretched.
 *
 * @throws UnreadableImageError when the file can't be read, is empty, is truncated or is no picture.
 */
export async function decodeImage(file: string, options: DecodeOptions): Promise<RawImage> {
  checkSize(options);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new UnreadableImageError(file, readFailure(error), 'unreadable image', error);
  }
  if (bytes.length === 0) throw new UnreadableImageError(file, EMPTY_FILE);
  if (imageFormat(bytes) === undefined) {
    throw new UnreadableImageError(file, NOT_AN_IMAGE, 'not an image');
  }
  try {
    return await decodeBytes(bytes, options);
  } catch (error) {
    throw new UnreadableImageError(file, decodeFailure(error), 'unreadable image', error);
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

function decodeBytes(bytes: Uint8Array, options: DecodeOptions): Promise<RawImage> {
  const { width, height, channels } = options;
  // 'error' refuses truncated and damaged pixels, yet not a mere oddity in the header.
  let pipeline = sharp(bytes, { failOn: 'error', autoOrient: true }).flatten({ background: '#000' });
  if (width !== undefined || height !== undefined) {
    pipeline = pipeline.resize({ width, height, fit: 'cover', position: 'centre' });
  }
  return toRawImage(pipeline.toColourspace(channels === 1 ? 'b-w' : 'srgb'), channels);
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
  const line = (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim();
  const truncated =
    /premature end|truncated|read error|unable to parse|insufficient|out of order|unknown error/i.test(line);
  return truncated ? `the picture is truncated or damaged (${line})` : `it can't be decoded (${line})`;
}
