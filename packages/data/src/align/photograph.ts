import sharp, { type Sharp } from 'sharp';
import { UnreadableImageError } from '../errors.ts';
import { decodeBmp } from '../image/bmp.ts';
import {
  decodeFailure,
  type FoundPicture,
  fromRaw,
  pictureSize,
  toRawImage,
  withPicture,
} from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';

/** A part of a photograph, in its pixels. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A photograph of any size, upright by its EXIF orientation; pixels are decoded as far as they are asked for. */
export interface Photograph {
  readonly width: number;
  readonly height: number;
  /** All of it, scaled down so that no side is longer than this. RGB. */
  whole(longestSide: number): Promise<RawImage>;
  /** A part of it, scaled to a size. RGB. */
  part(region: Region, width: number, height: number): Promise<RawImage>;
}

/** Does some work on the photograph of a file, within the memory that all decoders share. @throws UnreadableImageError */
export function withPhotograph<T>(file: string, work: (photograph: Photograph) => Promise<T>): Promise<T> {
  return withPicture({ kind: 'file', path: file }, true, async (found) => {
    const decoding = async <D>(decode: () => Promise<D>): Promise<D> => {
      try {
        return await decode();
      } catch (error) {
        throw new UnreadableImageError(file, decodeFailure(error), 'unreadable image', error);
      }
    };
    const { width, height } = await decoding(() => pictureSize(found));
    const rgb = (scaled: (opened: Sharp) => Sharp): Promise<RawImage> =>
      decoding(() =>
        toRawImage(scaled(open(found)).flatten({ background: '#000' }).toColourspace('srgb'), 3),
      );
    return work({
      width,
      height,
      whole: (side) =>
        rgb((all) => all.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })),
      part: (region, toWidth, toHeight) =>
        rgb((all) => all.extract(region).resize(toWidth, toHeight, { fit: 'fill' })),
    });
  });
}

function open(found: FoundPicture): Sharp {
  if (found.format === undefined) return fromRaw(found.pixels);
  if (found.format === 'bmp') return fromRaw(decodeBmp(found.bytes));
  return sharp(found.bytes, { failOn: 'error', autoOrient: true });
}
