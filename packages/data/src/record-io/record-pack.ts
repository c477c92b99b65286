import { stat } from 'node:fs/promises';
import { RecordFileError } from '../errors.ts';
import { FileBytes } from '../source/file-bytes.ts';
import type { PictureRecord, PixelSize } from '../source/picture-source.ts';
import { type RecordIndex, readIndex, scanRecords } from './read-index.ts';
import {
  IMAGE_HEADER_BYTES,
  type ImageHeader,
  imageHeader,
  MOST_EXACT,
  PART,
  PART_HEADER_BYTES,
  partHeader,
  RECORD_MAGIC,
  RecordFault,
} from './record-format.ts';
import { readRecordList } from './record-list.ts';

/** The people of a pack, and where their pictures lie in it. */
export interface RecordPack {
  readonly path: string;
  /** By ascending label. */
  readonly identities: readonly PackedIdentity[];
  /** What `property` says of the size of the pictures. */
  readonly pixels: PixelSize | undefined;
  /** How many people `property` says there are. */
  readonly declared: number | undefined;
  /** Whether there is a list whose names are not taken: some people have none in it, or two have the same. */
  readonly unnamed: boolean;
  /** Whether there is no index, so that the whole pack was gone through. */
  readonly scanned: boolean;
}

export interface PackedIdentity {
  /** The name in the pack's list; the label where there is none. */
  readonly name: string;
  readonly label: number;
  readonly files: readonly PictureRecord[];
}

/** Whether a file begins as a pack of records does. */
export function isRecordFile(head: Uint8Array): boolean {
  return head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0, true) === RECORD_MAGIC;
}

/** The files that go with a pack: its index and its list have its name, `property` lies beside it. */
export function packFiles(path: string): {
  readonly index: string;
  readonly list: string;
  readonly property: string;
} {
  const stem = path.replace(/\.rec$/i, '');
  return { index: `${stem}.idx`, list: `${stem}.lst`, property: path.replace(/[^/\\]*$/, 'property') };
}

/**
 * Finds the pictures of an InsightFace pack: `train.rec` with `train.idx` and `property`.
 *
 * No picture is read. Where the first record is a header with the ranges of the identities, these and two pictures of
 * each are looked at; else the head of every record. A record of several labels is its first one's. Names of people are
 * those of a list (`train.lst`, as im2rec writes it), or labels.
 *
 * @throws RecordFileError naming the file, and the record with its byte or the line.
 */
export function openRecordPack(path: string): Promise<RecordPack> {
  const files = packFiles(path);
  const fail = (reason: string, cause: unknown): RecordFileError =>
    new RecordFileError(path, `'${path}': ${reason}`, 'a pack of records that can be read', { cause });
  return FileBytes.with(path, fail, async (bytes) => {
    const hasIndex = await isThere(files.index);
    const index = hasIndex ? await readIndex(files.index, bytes.size) : await scanRecords(bytes);
    const property = (await isThere(files.property)) ? await readProperty(files.property) : undefined;
    const pixels = property?.pixels;
    const names = (await isThere(files.list)) ? await readRecordList(files.list) : undefined;
    const reader = new RecordReader(bytes, index);
    const byLabel = (await labelsOfRanges(reader)) ?? (await labelsOfRecords(reader));
    if (byLabel.size === 0) throw fail('it holds no picture', undefined);
    const labels = [...byLabel].sort(([a], [b]) => a - b);
    const named = namesOf(labels.map(([, places]) => names?.get(index.keys[places[0]!]!)));
    const unnamed = names !== undefined && named.length === 0;
    const identities = labels.map(([label, places], at) => ({
      name: named[at] ?? String(label),
      label,
      files: places.map((place): PictureRecord => {
        const [key, offset, length] = [index.keys[place]!, index.offsets[place]!, index.lengths[place]!];
        return { kind: 'record', path, key, offset, length, ...(pixels && { pixels }) };
      }),
    }));
    return { path, identities, pixels, declared: property?.people, unnamed, scanned: !hasIndex };
  });
}

/** What of a pack is worth a line: sentences. */
export function packNotes({ path, identities, declared, unnamed, scanned }: RecordPack): readonly string[] {
  const count = identities.length;
  return [
    ...(scanned ? [`'${path}' has no index beside it; all of it was gone through`] : []),
    ...(unnamed
      ? [
          `'${path}' has people whom the list beside it does not name, or two of one name; all are called by number`,
        ]
      : []),
    ...(declared === undefined || declared === count
      ? []
      : [`'${path}' has pictures of ${count} identities; the property beside it says ${declared}`]),
  ];
}

/** The names, unless two people would have the same or some have none: then nobody has one. */
function namesOf(names: readonly (string | undefined)[]): readonly string[] {
  const known = names.filter((name) => name !== undefined);
  return known.length === names.length && new Set(known).size === names.length ? known : [];
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What `property` says: people, height, width. */
async function readProperty(path: string): Promise<{ readonly people: number; readonly pixels: PixelSize }> {
  const fail = (reason: string, cause?: unknown): RecordFileError =>
    new RecordFileError(path, `'${path}': ${reason}`, 'number of identities,height,width', { cause });
  return FileBytes.with(path, fail, async (bytes) => {
    const text = (await bytes.at(0, 100)).toString('latin1');
    const found = /^\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*$/.exec(text);
    if (found === null) throw fail(JSON.stringify(text));
    return { people: Number(found[1]), pixels: { width: Number(found[3]), height: Number(found[2]) } };
  });
}

/** Heads of records, by place in the index. */
class RecordReader {
  readonly index: RecordIndex;
  readonly #bytes: FileBytes;

  constructor(bytes: FileBytes, index: RecordIndex) {
    this.#bytes = bytes;
    this.index = index;
  }

  /** The head of a record, and whether a picture follows it. @throws RecordFileError */
  async head(place: number): Promise<ImageHeader & { readonly hasPicture: boolean }> {
    const offset = this.index.offsets[place]!;
    try {
      const start = await this.#bytes.at(offset, PART_HEADER_BYTES + IMAGE_HEADER_BYTES + 8);
      const part = partHeader(start, 0);
      if (offset + PART_HEADER_BYTES + part.length > this.#bytes.size) {
        throw new RecordFault(`the file ends at byte ${this.#bytes.size}, in the middle of it`);
      }
      // A magic among the first bytes would cut even the head; the flag of a whole head is a small number.
      const content = start.subarray(PART_HEADER_BYTES, PART_HEADER_BYTES + part.length);
      const header = imageHeader(content);
      return { ...header, hasPicture: part.flag !== PART.whole || part.length > header.bytes };
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      throw this.#fault(place, error.message);
    }
  }

  /** The label of a picture. @throws RecordFileError if it is no number of an identity */
  labelOf(place: number, { label }: ImageHeader): number {
    if (Number.isSafeInteger(label) && label >= 0) return label;
    throw this.#fault(place, `its label is ${label}`, 'the number of an identity');
  }

  #fault(place: number, given: string, expected: string = 'a whole record'): RecordFileError {
    const { path } = this.#bytes;
    const where = `${path}, record ${this.index.keys[place]} (byte ${this.index.offsets[place]})`;
    return new RecordFileError(path, `${where}: ${given}`, expected);
  }
}

type Places = ReadonlyMap<number, readonly number[]>;

/**
 * Places by label, where record 0 says in which records the identities' ranges stand: [first, end) of their numbers. The
 * first and the last picture of a range must have the same label.
 *
 * @returns undefined where it is no such header, or where ranges are not what they should be
 */
async function labelsOfRanges(reader: RecordReader): Promise<Places | undefined> {
  const { keys } = reader.index;
  if (keys[0] !== 0) return undefined;
  const header = await reader.head(0);
  const [first, end] = [header.label, header.secondLabel ?? 0];
  if (header.hasPicture || header.flag !== 2 || end > MOST_EXACT || keys[end - 1] !== end - 1)
    return undefined;
  const ranges: (readonly [from: number, to: number])[] = [];
  for (let place = first; place < end; place++) {
    const range = await reader.head(place);
    const [from, to] = [range.label, range.secondLabel ?? 0];
    if (range.hasPicture || !isRange(1, from, to) || to > first) return undefined;
    if (from < to) ranges.push([from, to]);
  }
  const byLabel = new Map<number, number[]>();
  let pictures = 0;
  for (const [from, to] of ranges) {
    const label = reader.labelOf(from, await reader.head(from));
    if (reader.labelOf(to - 1, await reader.head(to - 1)) !== label || byLabel.has(label)) return undefined;
    const places = Array.from({ length: to - from }, (_, n) => from + n);
    byLabel.set(label, places);
    pictures += places.length;
  }
  return pictures === first - 1 ? byLabel : undefined;
}

function isRange(least: number, from: number, to: number): boolean {
  return Number.isInteger(from) && Number.isInteger(to) && least <= from && from <= to;
}

/** Places by label, from the head of every record; those without a picture are headers. */
async function labelsOfRecords(reader: RecordReader): Promise<Places> {
  const byLabel = new Map<number, number[]>();
  for (const place of reader.index.keys.keys()) {
    const header = await reader.head(place);
    if (!header.hasPicture) continue;
    const label = reader.labelOf(place, header);
    const places = byLabel.get(label);
    if (places === undefined) byLabel.set(label, [place]);
    else places.push(place);
  }
  return byLabel;
}
