import { VerificationSetError } from '../errors.ts';
import type { FileBytes } from '../source/file-bytes.ts';
import { isKind, type PickleList, type PickleValue } from './pickle-value.ts';

/** Values that a pickle may make; a set of 6,000 pairs makes 20,000 to 200,000. */
const MOST_VALUES = 1_000_000;
const LONGEST_NAME = 128;
/** On the stack, where a list or a tuple begins. */
export const MARK: unique symbol = Symbol('mark');

/**
 * What the operations of a pickle work on: a place in the file, a stack of values, and values to come back to. Lengths are
 * checked against the file before anything is made.
 */
export class PickleMachine {
  readonly #bytes: FileBytes;
  readonly #memo = new Map<number, PickleValue>();
  #stack: (PickleValue | typeof MARK)[] = [];
  #made = 0;
  #at = 0;
  /** Where the operation begins that is being read. */
  #began = 0;

  constructor(bytes: FileBytes) {
    this.#bytes = bytes;
  }

  /** The code of the next operation. */
  async next(): Promise<number> {
    this.#began = this.#at;
    return this.number(1);
  }

  /** The one value that is left. */
  end(): PickleValue {
    const value = this.pop();
    if (this.#stack.length > 0) throw this.fault('an end with values left over', 'one value');
    return value;
  }

  fault(given: string, expected: string): VerificationSetError {
    return new VerificationSetError(this.#bytes.path, `, byte ${this.#began}: ${given}`, expected);
  }

  async #take(count: number): Promise<Buffer> {
    const found = await this.#bytes.at(this.#at, count);
    if (found.length < count) throw this.fault('the file ends here', 'the rest of a pickle');
    this.#at += count;
    return found;
  }

  /** An unsigned number, lowest byte first. */
  async number(size: 1 | 2 | 4 | 8): Promise<number> {
    const found = await this.#take(size);
    return size === 8 ? Number(found.readBigUInt64LE()) : found.readUIntLE(0, size);
  }

  async signed(): Promise<number> {
    return (await this.#take(4)).readInt32LE();
  }

  async float(): Promise<number> {
    return (await this.#take(8)).readDoubleBE();
  }

  /** A number of any length, that has to be one of JavaScript's. */
  async long(): Promise<number> {
    const size = await this.number(1);
    if (size > 7) throw this.fault(`a number of ${size} bytes`, 'numbers below 2^53');
    if (size === 0) return 0;
    const found = await this.#take(size);
    return size <= 6 ? found.readIntLE(0, size) : Number(BigInt.asIntN(56, found.readBigUInt64LE()));
  }

  /** A text up to the end of the line. */
  async line(): Promise<string> {
    const found = await this.#bytes.at(this.#at, LONGEST_NAME);
    const end = found.indexOf(0x0a);
    if (end < 0) throw this.fault('a name without an end', `a name of fewer than ${LONGEST_NAME} bytes`);
    this.#at += end + 1;
    return found.toString('latin1', 0, end);
  }

  /** Passes over bytes or a text, and keeps where they are. */
  span(kind: 'bytes' | 'text', length: number): void {
    if (length > this.#bytes.size - this.#at) {
      throw this.fault(
        `${length} bytes, of which the file has ${this.#bytes.size - this.#at}`,
        'a whole file',
      );
    }
    this.push({ kind, offset: this.#at, length });
    this.#at += length;
  }

  /** A frame tells readers how much to read at once. */
  frame(length: number): void {
    if (length > this.#bytes.size - this.#at) throw this.fault(`a frame of ${length} bytes`, 'a whole file');
  }

  push(value: PickleValue | typeof MARK): void {
    this.#made++;
    if (this.#made > MOST_VALUES) throw this.fault(`more than ${MOST_VALUES} values`, 'a set of pairs');
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.fault('a value is missing', 'a whole pickle');
    return value;
  }

  popList(): PickleList {
    const list = this.pop();
    if (isKind(list, 'list')) return list;
    throw this.fault('an item of what is no list', 'a whole pickle');
  }

  top(): PickleValue {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  /** Everything from the last mark on. */
  popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.fault('a mark is missing', 'a whole pickle');
    const values = this.#stack.splice(mark) as (PickleValue | typeof MARK)[];
    return values.slice(1) as PickleValue[];
  }

  async popText(): Promise<string> {
    const value = this.pop();
    if (!isKind(value, 'text') || value.length > LONGEST_NAME) throw this.fault('no name', 'a name');
    return (await this.#bytes.at(value.offset, value.length)).toString('utf8');
  }

  remember(place: number): void {
    this.#memo.set(place, this.top());
  }

  rememberNext(): void {
    this.remember(this.#memo.size);
  }

  recall(place: number): void {
    const value = this.#memo.get(place);
    if (value === undefined) throw this.fault(`a reference to value ${place}`, 'a value before it');
    this.push(value);
  }
}
