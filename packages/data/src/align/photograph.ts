import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { UnreadableImageError } from '../errors.ts';
import { decodeFailure, toRawImage } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { EMPTY_FILE, imageFormat, NOT_AN_IMAGE } from '../image/signature.ts';
import { readFailure } from '../read-failure.ts';

/** More pixels than any camera has; what claims more is not decoded. */
const MOST_PIXELS = 2 ** 28;

/** A part of a photograph, in its pixels. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A photograph of any size, upright by its EXIF orientation; pixels are decoded as far as they are asked for. */
export interface Photograph {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** All of it, scaled down so that no side is longer than this. RGB. */
  whole(longestSide: number): Promise<RawImage>;
  /** A part of it, scaled to a size. RGB. */
  part(region: Region, width: number, height: number): Promise<RawImage>;
}

/** Reads a photograph's file and header. @throws UnreadableImageError */
export async function openPhotograph(file: string): Promise<Photograph> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new UnreadableImageError(file, readFailure(error), 'unreadable image', error);
  }
  if (bytes.length === 0) throw new UnreadableImageError(file, EMPTY_FILE);
  if (imageFormat(bytes) === undefined) throw new UnreadableImageError(file, NOT_AN_IMAGE, 'not an image');
  const decoding = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new UnreadableImageError(file, decodeFailure(error), 'unreadable image', error);
    }
  };
  // One decoder would take all processors by itself; several photographs are decoded at a time.
  const open = (): Sharp =>
    sharp(bytes, { failOn: 'error', autoOrient: true, limitInputPixels: MOST_PIXELS });
  const { autoOrient: size } = await decoding(() => open().metadata());
  if (size.width * size.height > MOST_PIXELS) {
    throw new UnreadableImageError(file, `it says that it has ${size.width}×${size.height} pixels`);
  }
  const rgb = (pipeline: Sharp): Promise<RawImage> =>
    decoding(() => toRawImage(pipeline.flatten({ background: '#000' }).toColourspace('srgb'), 3));
  return {
    file,
    width: size.width,
    height: size.height,
    whole: (longestSide) =>
      rgb(
        open().resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true }),
      ),
    part: (region, width, height) => rgb(open().extract(region).resize(width, height, { fit: 'fill' })),
  };
}
