import { type OptionNames, requireKnownOptions } from '@cf/core';
import sharp from 'sharp';
import { checkInteger } from '../checks.ts';
import type { RawImage } from './raw-image.ts';

/** How pictures stand on a sheet. */
export interface PictureSheetOptions {
  /** Pictures a row. */
  readonly columns: number;
  /** White pixels around every picture; 2 by default. */
  readonly gap?: number;
}

/** A larger sheet is no use to the eye. */
export const MOST_ON_SHEET = 2500;

const WIDEST_GAP = 112;

const OPTIONS: OptionNames<PictureSheetOptions> = { columns: true, gap: true };

/**
 * One picture of many, RGB or grey and all of one size, row by row; where there is none a place stays white.
 *
 * @returns a PNG file's bytes.
 * @throws OptionOutOfRangeError
 */
export async function pictureSheet(
  pictures: readonly (RawImage | undefined)[],
  options: PictureSheetOptions,
): Promise<Uint8Array> {
  requireKnownOptions('pictureSheet', options, OPTIONS);
  const { columns, gap = 2 } = options;
  checkInteger('columns', columns, 1, MOST_ON_SHEET);
  checkInteger('gap', gap, 0, WIDEST_GAP);
  const first = pictures.find((picture) => picture !== undefined);
  checkInteger('pictures', first === undefined ? 0 : pictures.length, 1, MOST_ON_SHEET);
  const { width, height } = first!;
  const placed = pictures.flatMap((picture, place) => {
    if (picture === undefined) return [];
    const { data, ...raw } = picture;
    const left = gap + (place % columns) * (width + gap);
    const top = gap + Math.floor(place / columns) * (height + gap);
    return [{ input: Buffer.from(data.buffer, data.byteOffset, data.byteLength), raw, left, top }];
  });
  const rows = Math.ceil(pictures.length / columns);
  const size = { width: gap + columns * (width + gap), height: gap + rows * (height + gap) };
  return sharp({ create: { ...size, channels: 3, background: '#ffffff' } })
    .composite(placed)
    .png()
    .toBuffer();
}
