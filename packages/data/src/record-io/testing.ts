import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const MAGIC = Buffer.from([0x0a, 0x23, 0xd7, 0xce]);

/** A record as dmlc-core's writer makes it, written by itself: what is tested has no part in it. */
export function plainRecord(content: Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  const out: Buffer[] = [];
  let from = 0;
  const part = (flag: number, to: number): void => {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(flag * 2 ** 29 + (to - from));
    out.push(MAGIC, word, bytes.subarray(from, to));
  };
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    if (!bytes.subarray(at, at + 4).equals(MAGIC)) continue;
    part(from === 0 ? 1 : 2, at);
    from = at + 4;
  }
  part(from === 0 ? 0 : 3, bytes.length);
  while (Buffer.concat(out).length % 4 !== 0) out.push(Buffer.of(0));
  return Buffer.concat(out);
}

/** Head and picture as MXNet's recordio.pack makes them. */
export function plainContent(label: number | readonly number[], id: number, picture: Uint8Array): Buffer {
  const labels = typeof label === 'number' ? [] : label;
  const head = Buffer.alloc(24 + 4 * labels.length);
  head.writeUInt32LE(labels.length, 0);
  head.writeFloatLE(typeof label === 'number' ? label : 0, 4);
  head.writeUInt32LE(id, 8);
  for (const [at, value] of labels.entries()) head.writeFloatLE(value, 24 + 4 * at);
  return Buffer.concat([head, picture]);
}

/** How {@link writePlainPack} writes. */
export interface PlainPack {
  /** Without one, records are numbered from 0. */
  readonly header?: boolean;
  readonly index?: boolean;
  readonly property?: string;
  readonly list?: string;
  /** Of the picture of person `label`. */
  readonly labels?: (label: number) => number | readonly number[];
}

/** Writes `train.rec` and what goes with it, as face2rec2.py of InsightFace does. @param people pictures of each */
export async function writePlainPack(
  path: string,
  people: readonly (readonly Uint8Array[])[],
  { header = true, index = true, property, list, labels = (label) => label }: PlainPack = {},
): Promise<string> {
  const records: Buffer[] = [];
  const put = (label: number | readonly number[], picture: Uint8Array = Buffer.alloc(0)): void => {
    records.push(plainRecord(plainContent(label, records.length, picture)));
  };
  const total = people.flat().length;
  if (header) put([total + 1, total + 1 + people.length]);
  const ranges = people.map((pictures, label) => {
    const from = records.length;
    for (const picture of pictures) put(labels(label), picture);
    return [from, records.length] as const;
  });
  if (header) for (const range of ranges) put(range);
  await writeFile(path, Buffer.concat(records));
  let offset = 0;
  const lines = records.map((record, key) => {
    const line = `${key}\t${offset}\n`;
    offset += record.length;
    return line;
  });
  const beside = (extension: string): string => path.replace(/rec$/, extension);
  if (index) await writeFile(beside('idx'), lines.join(''));
  if (list !== undefined) await writeFile(beside('lst'), list);
  if (property !== undefined) await writeFile(join(dirname(path), 'property'), property);
  return path;
}
