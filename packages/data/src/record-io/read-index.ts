import { RecordFileError } from '../errors.ts';
import { FileBytes } from '../source/file-bytes.ts';
import { PART, paddedPart, partHeader, RecordFault } from './record-format.ts';

/** Where the records of a pack begin, in the order of their numbers. */
export interface RecordIndex {
  /** Numbers, ascending: [N]. */
  readonly keys: Float64Array;
  /** Bytes from the start of the file: [N]. */
  readonly offsets: Float64Array;
  /** Bytes up to the next record or the end of the file: [N]. */
  readonly lengths: Float64Array;
}

const READ = 64 * 1024;
const LINE = 'a number and the byte at which its record begins, with a tab between them';

/**
 * Reads the index of a pack, line by line.
 *
 * @param size of the pack, in bytes.
 * @throws RecordFileError naming file and line.
 */
export function readIndex(path: string, size: number): Promise<RecordIndex> {
  const fail = (reason: string, cause?: unknown): RecordFileError =>
    new RecordFileError(path, `'${path}': ${reason}`, 'the index of a pack', { cause });
  return FileBytes.with(path, fail, async (bytes) => {
    const keys = new NumberList();
    const offsets = new NumberList();
    let line = 1;
    const add = (text: string): void => {
      const found = /^(\d+)\t(\d+)\s*$/.exec(text);
      const offset = Number(found?.[2]);
      if (found !== null && offset < size) {
        keys.push(Number(found[1]));
        offsets.push(offset);
      } else if (text.trim() !== '') {
        const given = found === null ? JSON.stringify(text.slice(0, 80)) : `byte ${offset} of ${size}`;
        throw new RecordFileError(
          path,
          `${path}:${line}: ${given}`,
          found === null ? LINE : 'a byte inside the pack',
        );
      }
      line++;
    };
    let rest = '';
    for (let at = 0; at < bytes.size; at += READ) {
      const lines = (rest + (await bytes.at(at, READ)).toString('latin1')).split('\n');
      rest = lines.pop()!;
      for (const each of lines) add(each);
      if (rest.length > READ) add(rest);
    }
    add(rest);
    const index = sorted(keys.values(), offsets.values(), size);
    requireOnce(path, index);
    return index;
  });
}

/**
 * Finds the records of a pack that has no index, from its first byte to its last: their numbers count from 0.
 *
 * @throws RecordFileError naming the byte at which no record begins.
 */
export async function scanRecords(bytes: FileBytes): Promise<RecordIndex> {
  const offsets = new NumberList();
  let at = 0;
  while (at < bytes.size) {
    try {
      offsets.push(at);
      let part = partHeader(await bytes.at(at, 8), 0);
      const several = part.flag === PART.first;
      at += paddedPart(part);
      while (several && part.flag !== PART.last) {
        part = partHeader(await bytes.at(at, 8), 0);
        at += paddedPart(part);
      }
      if (at > bytes.size) throw new RecordFault(`the file ends in the middle of a record`);
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      throw new RecordFileError(bytes.path, `${bytes.path}, byte ${at}: ${error.message}`, 'a whole record');
    }
  }
  const found = offsets.values();
  return sorted(
    found.map((_, key) => key),
    found,
    bytes.size,
  );
}

function sorted(keys: Float64Array, offsets: Float64Array, size: number): RecordIndex {
  const byOffset = Float64Array.from(offsets).sort();
  const order = Uint32Array.from(keys.keys());
  const ascending = keys.every((key, at) => at === 0 || key >= keys[at - 1]!);
  if (!ascending) order.sort((a, b) => keys[a]! - keys[b]!);
  const own = Float64Array.from(order, (at) => offsets[at]!);
  const lengths = own.map((offset) => (byOffset[firstAbove(byOffset, offset)] ?? size) - offset);
  return { keys: Float64Array.from(order, (at) => keys[at]!), offsets: own, lengths };
}

/** A record that is listed twice would be trained on twice. */
function requireOnce(path: string, { keys, offsets }: RecordIndex): void {
  const fail = (given: string): RecordFileError =>
    new RecordFileError(path, `'${path}': ${given}`, 'each record once', {
      fix: 'remove the index: without one the whole pack is gone through; or copy or make the pack again.',
    });
  const numberAt = new Map<number, number>();
  for (const [place, key] of keys.entries()) {
    if (key === keys[place - 1]) throw fail(`record ${key} is listed twice`);
    const offset = offsets[place]!;
    const other = numberAt.get(offset);
    if (other !== undefined) throw fail(`records ${other} and ${key} both begin at byte ${offset}`);
    numberAt.set(offset, key);
  }
}

/** The place of the first number above another in an ascending list. */
function firstAbove(list: Float64Array, value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A list that grows, eight bytes a number. */
class NumberList {
  #list = new Float64Array(1024);
  #count = 0;

  push(value: number): void {
    if (this.#count === this.#list.length) {
      const longer = new Float64Array(2 * this.#count);
      longer.set(this.#list);
      this.#list = longer;
    }
    this.#list[this.#count++] = value;
  }

  values(): Float64Array {
    return this.#list.slice(0, this.#count);
  }
}
