import { stat } from 'node:fs/promises';
import { UnreadableImageError } from '../errors.ts';
import { EMPTY_FILE } from '../image/signature.ts';
import { readFailure } from '../read-failure.ts';
import {
  PART,
  PART_HEADER_BYTES,
  paddedPart,
  partHeader,
  pictureOfRecord,
  RecordFault,
} from '../record-io/record-format.ts';
import { notAFile } from './kind-of-file.ts';
import { type PictureRecord, type PictureSlice, type PictureSource, pictureName } from './picture-source.ts';
import { readSpan } from './read-span.ts';

/** An encoded picture of more bytes is not read. */
const MOST_BYTES = 256 * 2 ** 20;

/** How many bytes {@link readPicture} will read. Nothing is opened. @throws UnreadableImageError if that can't be done */
export async function pictureBytes(source: PictureSource): Promise<number> {
  const found = await stat(source.path).catch((error: unknown) => {
    throw new UnreadableImageError(pictureName(source), readFailure(error), 'unreadable image', error);
  });
  const fault = notAFile(found);
  if (fault !== undefined) throw new UnreadableImageError(pictureName(source), fault);
  const { offset } = source.kind === 'file' ? { offset: 0 } : source;
  const length = source.kind === 'file' ? found.size : await ownLength(source);
  if (offset + length > found.size) {
    const reason = `the file ends at byte ${found.size}, ${offset + length - found.size} bytes too early`;
    throw new UnreadableImageError(pictureName(source), reason);
  }
  if (length <= MOST_BYTES) return length;
  const reason = `it has ${(length / 1e6).toFixed(0)} MB; a picture of at most ${(MOST_BYTES / 1e6).toFixed(0)} MB is read`;
  throw new UnreadableImageError(pictureName(source), reason);
}

/** Records that reach further to the next one have their own length asked for: an index may leave out many of them. */
const LONG = 2 ** 20;

async function ownLength(source: PictureSlice | PictureRecord): Promise<number> {
  if (source.kind === 'slice' || source.length <= LONG) return source.length;
  try {
    const head = partHeader(await readSpan(source.path, source.offset, PART_HEADER_BYTES), 0);
    return head.flag === PART.whole ? Math.min(paddedPart(head), source.length) : source.length;
  } catch {
    return source.length;
  }
}

/**
 * The encoded bytes of a picture, or what a record has in their place.
 *
 * @param length what {@link pictureBytes} said
 * @throws UnreadableImageError
 */
export async function readPicture(source: PictureSource, length: number): Promise<Uint8Array> {
  try {
    const bytes = await readSpan(source.path, source.kind === 'file' ? 0 : source.offset, length);
    const picture = contentOf(source, bytes);
    if (picture.length > 0) return picture;
  } catch (error) {
    const reason = error instanceof RecordFault ? error.message : readFailure(error);
    throw new UnreadableImageError(pictureName(source), reason, 'unreadable image', error);
  }
  throw new UnreadableImageError(
    pictureName(source),
    source.kind === 'file' ? EMPTY_FILE : 'the picture has no bytes',
  );
}

function contentOf(source: PictureSource, bytes: Uint8Array): Uint8Array {
  if (source.kind === 'record') return pictureOfRecord(bytes);
  if (source.kind === 'file' || source.asText !== true) return bytes;
  return Buffer.from(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'), 'latin1');
}
