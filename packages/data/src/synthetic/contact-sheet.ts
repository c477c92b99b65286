import { availableParallelism } from 'node:os';
import sharp from 'sharp';
import { checkInteger } from '../checks.ts';
import { mapLimited } from '../map-limited.ts';
import { type SyntheticOptions, syntheticFaces } from './synthetic-faces.ts';
import { FACE_SIZE } from './view.ts';

/** What a contact sheet shows. */
export interface ContactSheetOptions extends SyntheticOptions {
  /** White pixels around every picture; 2 by default. */
  readonly gap?: number;
}

/** A larger sheet is no use to the eye. */
const MOST_PICTURES = 2500;

/**
 * One picture of many: a row for each person, a column for each of their pictures.
 *
 * @returns a PNG file's bytes.
 */
export async function contactSheet(options: ContactSheetOptions): Promise<Uint8Array> {
  const { identities: rows, imagesPerIdentity: columns, gap = 2 } = options;
  const faces = syntheticFaces(options);
  checkInteger('identities × imagesPerIdentity', rows * columns, 1, MOST_PICTURES);
  checkInteger('gap', gap, 0, FACE_SIZE);

  const places = Array.from({ length: rows * columns }, (_, n) => ({
    row: Math.floor(n / columns),
    column: n % columns,
  }));
  const step = FACE_SIZE + gap;
  const pictures = await mapLimited(places, 2 * availableParallelism(), async ({ row, column }) => {
    const { width, height, channels, data } = await faces.image(row, column);
    return {
      input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      raw: { width, height, channels },
      left: gap + column * step,
      top: gap + row * step,
    };
  });
  const size = { width: gap + columns * step, height: gap + rows * step };
  return sharp({ create: { ...size, channels: 3, background: '#ffffff' } })
    .composite(pictures)
    .png()
    .toBuffer();
}
