import type { RawImage } from '@cf/data';
import { pictureSheet } from '@cf/data/node';
import type { Dataset } from '../dataset/dataset.ts';
import type { LoadOptions } from '../dataset/image-source.ts';
import type { ShownSuspect } from './find-suspects.ts';

/** Suspects that a sheet shows; more are no use to the eye. */
export const MOST_SHOWN = 200;

const SIDE = 112;
/** Suspects a row. */
const ACROSS = 4;

/**
 * A PNG of suspects, the first {@link MOST_SHOWN} of them: each beside the most typical picture of its identity and that of the
 * nearest other one, four a row.
 */
export async function suspectSheet(
  { images }: Pick<Dataset, 'images'>,
  suspects: readonly ShownSuspect[],
  options: LoadOptions,
): Promise<Uint8Array> {
  const shown = suspects.slice(0, MOST_SHOWN);
  const wanted = [
    ...new Set(
      shown.flatMap(({ picture, own, other }) => [picture, own, ...(other === undefined ? [] : [other])]),
    ),
  ];
  const pictures = new Map<number, RawImage>();
  const shape = { width: SIDE, height: SIDE, channels: 3 } as const;
  for await (const { index, image } of images.some(wanted).load(shape, options))
    pictures.set(wanted[index]!, image);
  const places = shown.flatMap(({ picture, own, other }, at) => [
    pictures.get(picture),
    pictures.get(own),
    other === undefined ? undefined : pictures.get(other),
    // White between one suspect and the next of the row.
    ...(at % ACROSS === ACROSS - 1 ? [] : [undefined]),
  ]);
  return pictureSheet(places, { columns: 4 * ACROSS - 1 });
}
