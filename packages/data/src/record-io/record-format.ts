// RecordIO of dmlc-core (recordio.h) and the image header of MXNet (image_recordio.h): magic, a word of three bits of flag
// and 29 of length, the bytes, zeros up to a multiple of four. Bytes that hold the magic at such a place are cut there
// into parts, without it; the parts' flags are 1 (first), 2, and 3 (last).

/** What every part of a record begins with. */
export const RECORD_MAGIC = 0xced7230a;
/** Magic and length. */
export const PART_HEADER_BYTES = 8;
/** Flag, label, and two numbers of eight bytes. */
export const IMAGE_HEADER_BYTES = 24;
/** A record has fewer bytes, in all its parts. */
const MOST_RECORD_BYTES = 2 ** 29;
/** Whole numbers above have gaps in single precision, in which ranges and labels are written. */
export const MOST_EXACT: number = 2 ** 24;

/** What a part of a record is of it. */
export const PART: Readonly<Record<'whole' | 'first' | 'middle' | 'last', number>> = {
  whole: 0,
  first: 1,
  middle: 2,
  last: 3,
} as const;

/** What is wrong with a record. */
export class RecordFault extends Error {
  override readonly name: string = 'RecordFault';
}

/** The head of one part. */
export interface PartHeader {
  /** One of {@link PART}. */
  readonly flag: number;
  /** Bytes of the part, without its head and what pads it. */
  readonly length: number;
}

/** @param at where in the bytes the part begins. @throws RecordFault */
export function partHeader(bytes: Uint8Array, at: number): PartHeader {
  if (at + PART_HEADER_BYTES > bytes.length) throw new RecordFault('the record is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(at, true) !== RECORD_MAGIC) {
    const found = view.getUint32(at, true).toString(16).padStart(8, '0');
    throw new RecordFault(`no record begins here: 0x${found} in place of 0x${RECORD_MAGIC.toString(16)}`);
  }
  const word = view.getUint32(at + 4, true);
  const flag = word >>> 29;
  if (flag > PART.last) throw new RecordFault(`a part of the unknown kind ${flag}`);
  return { flag, length: word & (MOST_RECORD_BYTES - 1) };
}

/** How far a part reaches, with its head and what pads it. */
export function paddedPart({ length }: PartHeader): number {
  return PART_HEADER_BYTES + Math.ceil(length / 4) * 4;
}

/** What a record holds, its parts put together. @param record may have more behind it. @throws RecordFault */
export function recordContent(record: Uint8Array): Uint8Array {
  const first = partHeader(record, 0);
  if (first.flag === PART.whole) return partOf(record, 0, first);
  if (first.flag !== PART.first) throw new RecordFault('the record begins with a part from its middle');
  const magic = record.subarray(0, 4);
  const parts = [partOf(record, 0, first)];
  let at = 0;
  let part = first;
  do {
    at += paddedPart(part);
    part = partHeader(record, at);
    if (part.flag !== PART.middle && part.flag !== PART.last) throw new RecordFault('a part is missing');
    parts.push(magic, partOf(record, at, part));
  } while (part.flag !== PART.last);
  return Buffer.concat(parts);
}

function partOf(record: Uint8Array, at: number, { length }: PartHeader): Uint8Array {
  const from = at + PART_HEADER_BYTES;
  if (from + length <= record.length) return record.subarray(from, from + length);
  throw new RecordFault(`the record is cut off, ${from + length - record.length} bytes too early`);
}

/** What stands before the picture in a record. */
export interface ImageHeader {
  /** How many labels follow the head; 0 where it has one itself. */
  readonly flag: number;
  /** The first label. */
  readonly label: number;
  /** The second one, of several. */
  readonly secondLabel: number | undefined;
  /** Where the picture begins. */
  readonly bytes: number;
}

/** @param content of a record, or its beginning. @throws RecordFault */
export function imageHeader(content: Uint8Array): ImageHeader {
  if (content.length < IMAGE_HEADER_BYTES) throw new RecordFault('the record is too short for its head');
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const flag = view.getUint32(0, true);
  const own = view.getFloat32(4, true);
  const bytes = IMAGE_HEADER_BYTES + 4 * flag;
  if (flag === 0) return { flag, label: own, secondLabel: undefined, bytes };
  if (content.length < IMAGE_HEADER_BYTES + 4 * Math.min(flag, 2)) {
    throw new RecordFault(`the record is too short for its ${flag} labels`);
  }
  const label = (place: number): number => view.getFloat32(IMAGE_HEADER_BYTES + 4 * place, true);
  return { flag, label: label(0), secondLabel: flag > 1 ? label(1) : undefined, bytes };
}

/** The picture of a record, encoded or as pixels. @throws RecordFault */
export function pictureOfRecord(record: Uint8Array): Uint8Array {
  const content = recordContent(record);
  const { bytes, flag } = imageHeader(content);
  if (bytes > content.length) throw new RecordFault(`the record is too short for its ${flag} labels`);
  return content.subarray(bytes);
}

/** A record of some content, cut into parts where that holds the magic. @throws RecordFault if it is too long */
export function recordOf(content: Uint8Array): Uint8Array {
  if (content.length >= MOST_RECORD_BYTES) throw new RecordFault('a record has fewer than 536,870,912 bytes');
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const cuts: number[] = [];
  for (let at = 0; at + 4 <= content.length; at += 4) {
    if (view.getUint32(at, true) === RECORD_MAGIC) cuts.push(at);
  }
  const pieces: Uint8Array[] = [];
  const ends = [...cuts, content.length];
  let from = 0;
  for (const [place, end] of ends.entries()) {
    const last = place === ends.length - 1;
    const flag = cuts.length === 0 ? PART.whole : place === 0 ? PART.first : last ? PART.last : PART.middle;
    const head = Buffer.alloc(PART_HEADER_BYTES);
    head.writeUInt32LE(RECORD_MAGIC);
    head.writeUInt32LE(((flag << 29) | (end - from)) >>> 0, 4);
    pieces.push(head, content.subarray(from, end));
    from = end + 4;
  }
  return Buffer.concat([...pieces, Buffer.alloc((4 - (content.length % 4)) % 4)]);
}

/** The head of a record and what follows it. @param labels one of them stands in the head itself */
export function imageContent(id: number, labels: readonly number[], picture: Uint8Array): Uint8Array {
  const several = labels.length === 1 ? 0 : labels.length;
  const head = Buffer.alloc(IMAGE_HEADER_BYTES + 4 * several);
  head.writeUInt32LE(several);
  head.writeFloatLE(several === 0 ? labels[0]! : 0, 4);
  head.writeBigUInt64LE(BigInt(id), 8);
  if (several > 0)
    for (const [place, label] of labels.entries()) head.writeFloatLE(label, IMAGE_HEADER_BYTES + 4 * place);
  return Buffer.concat([head, picture]);
}
