import { availableParallelism } from 'node:os';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { MOST_ON_SHEET, pictureSheet } from '../image/picture-sheet.ts';
import { mapLimited } from '../map-limited.ts';
import { SYNTHETIC_OPTIONS, type SyntheticOptions, syntheticFaces } from './synthetic-faces.ts';

/** What a contact sheet shows. */
export interface ContactSheetOptions extends SyntheticOptions {
  /** White pixels around every picture; 2 by default. */
  readonly gap?: number;
}

const OPTIONS: OptionNames<ContactSheetOptions> = { ...SYNTHETIC_OPTIONS, gap: true };

/**
 * One picture of many: a row for each person, a column for each of their pictures.
 *
 * @returns a PNG file's bytes.
 */
export async function contactSheet(options: ContactSheetOptions): Promise<Uint8Array> {
  requireKnownOptions('contactSheet', options, OPTIONS);
  const { gap = 2, ...drawn } = options;
  const { identities: rows, imagesPerIdentity: columns } = drawn;
  const faces = syntheticFaces(drawn);
  checkInteger('identities × imagesPerIdentity', rows * columns, 1, MOST_ON_SHEET);
  const places = Array.from({ length: rows * columns }, (_, n) => n);
  const pictures = await mapLimited(places, 2 * availableParallelism(), (n) =>
    faces.image(Math.floor(n / columns), n % columns),
  );
  return pictureSheet(pictures, { columns, gap });
}
