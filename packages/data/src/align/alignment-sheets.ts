import { decodeImage } from '../image/decode.ts';
import { pictureSheet } from '../image/picture-sheet.ts';
import type { RawImage } from '../image/raw-image.ts';
import { mapLimited } from '../map-limited.ts';
import { TEMPLATE_SIDE } from './similarity.ts';

/** More are no use to the eye. */
const MOST_SHOWN = 200;
const ACROSS = 20;
const AT_A_TIME = 4;

/** Sheets of pictures spread evenly over lists of files, as PNG; undefined of an empty list. */
export async function alignmentSheets({
  crops,
  leftOut,
}: {
  readonly crops: readonly string[];
  readonly leftOut: readonly string[];
}): Promise<{ readonly crops: Uint8Array | undefined; readonly leftOut: Uint8Array | undefined }> {
  return { crops: await sheetOf(crops), leftOut: await sheetOf(leftOut) };
}

async function sheetOf(files: readonly string[]): Promise<Uint8Array | undefined> {
  const pictures = await mapLimited(spread(files, MOST_SHOWN), AT_A_TIME, (file) =>
    decodeImage(file, { width: TEMPLATE_SIDE, height: TEMPLATE_SIDE, channels: 3 }).catch(() => undefined),
  );
  const shown = pictures.filter((picture): picture is RawImage => picture !== undefined);
  return shown.length === 0 ? undefined : pictureSheet(shown, { columns: Math.min(ACROSS, shown.length) });
}

/** At most so many of a list, in even steps. */
function spread<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}
