import { VerificationSetError } from '../errors.ts';
import type { FileBytes } from '../source/file-bytes.ts';

/**
 * What a pickle holds, as far as lists of pictures and flags need it. Nothing is executed: a call is kept as the name of
 * what would be called and what it would be given. Texts and bytes stay in the file; only their places are known.
 */
export type PickleValue = number | boolean | null | Compound;

type Compound = PickleBytes | PickleText | PickleList | PickleName | PickleCall;

interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Bytes inside the file. */
export interface PickleBytes extends Span {
  readonly kind: 'bytes';
}

/** A text in UTF-8 inside the file. */
export interface PickleText extends Span {
  readonly kind: 'text';
}

/** A list or a tuple. */
export interface PickleList {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

/** What another program would import: `numpy.ndarray`. */
export interface PickleName {
  readonly kind: 'name';
  readonly name: string;
}

/** What another program would call. */
export interface PickleCall {
  readonly kind: 'call';
  readonly name: string;
  readonly given: readonly PickleValue[];
  /** What it would be filled with afterwards. */
  state?: PickleValue;
}

/** Values that a pickle may make; a set of 6,000 pairs makes 20,000 to 200,000. */
const MOST_VALUES = 1_000_000;
const LONGEST_NAME = 128;
const MARK = Symbol('mark');
type Mark = typeof MARK;

/**
 * Reads the pickle that a file is, of the protocols 2 to 5. Of its operations only those are known that lists, tuples,
 * numbers, texts, bytes and references to them need; lengths are checked against the file before anything is made.
 *
 * @throws VerificationSetError naming the byte
 */
export async function readPickle(bytes: FileBytes): Promise<PickleValue> {
  return new PickleReader(bytes).read();
}

class PickleReader {
  readonly #bytes: FileBytes;
  readonly #memo = new Map<number, PickleValue>();
  #stack: (PickleValue | Mark)[] = [];
  #made = 0;
  #at = 0;
  /** Where the operation begins that is being read. */
  #began = 0;

  constructor(bytes: FileBytes) {
    this.#bytes = bytes;
  }

  async read(): Promise<PickleValue> {
    for (;;) {
      this.#began = this.#at;
      const [code] = await this.#take(1);
      if (code === STOP) break;
      const operation = OPERATIONS.get(code!);
      if (operation === undefined) {
        const name = `0x${code!.toString(16).padStart(2, '0')}`;
        throw this.fault(`the operation ${name}`, 'lists, tuples, numbers and bytes alone');
      }
      await operation(this);
    }
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

  push(value: PickleValue | Mark): void {
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
    const values = this.#stack.splice(mark) as (PickleValue | Mark)[];
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

/** Whether a value is of a kind. */
export function isKind<Kind extends Compound['kind']>(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<Compound, { readonly kind: Kind }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

const STOP = 0x2e;
type Operation = (reader: PickleReader) => Promise<void> | void;

function tuple(count: number): Operation {
  return (reader) => {
    const items = Array.from({ length: count }, () => reader.pop()).reverse();
    reader.push({ kind: 'list', items });
  };
}

function spanOf(kind: 'bytes' | 'text', size: 1 | 4 | 8): Operation {
  return async (reader) => reader.span(kind, await reader.number(size));
}

function call(reader: PickleReader): void {
  const given = reader.popList().items;
  const callee = reader.pop();
  if (!isKind(callee, 'name')) throw reader.fault('a call of what has no name', 'a whole pickle');
  reader.push({ kind: 'call', name: callee.name, given });
}

function build(reader: PickleReader): void {
  const state = reader.pop();
  const value = reader.top();
  if (!isKind(value, 'call')) throw reader.fault('a state of what was not called', 'a whole pickle');
  value.state = state;
}

/** By their codes in Python's pickletools. Bytes of Python 2 are its `str`. */
const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  // PROTO, FRAME
  [
    0x80,
    async (reader) => {
      const version = await reader.number(1);
      if (version < 2 || version > 5) throw reader.fault(`protocol ${version}`, 'protocol 2 to 5');
    },
  ],
  [0x95, async (reader) => reader.frame(await reader.number(8))],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (reader) => reader.push(null)],
  [0x88, (reader) => reader.push(true)],
  [0x89, (reader) => reader.push(false)],
  // BININT, BININT1, BININT2, LONG1, BINFLOAT
  [0x4a, async (reader) => reader.push(await reader.signed())],
  [0x4b, async (reader) => reader.push(await reader.number(1))],
  [0x4d, async (reader) => reader.push(await reader.number(2))],
  [0x8a, async (reader) => reader.push(await reader.long())],
  [0x47, async (reader) => reader.push(await reader.float())],
  // SHORT_BINSTRING, BINSTRING, SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
  [0x55, spanOf('bytes', 1)],
  [0x54, spanOf('bytes', 4)],
  [0x43, spanOf('bytes', 1)],
  [0x42, spanOf('bytes', 4)],
  [0x8e, spanOf('bytes', 8)],
  [0x96, spanOf('bytes', 8)],
  // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
  [0x8c, spanOf('text', 1)],
  [0x58, spanOf('text', 4)],
  [0x8d, spanOf('text', 8)],
  // EMPTY_LIST, APPEND, APPENDS
  [0x5d, (reader) => reader.push({ kind: 'list', items: [] })],
  [
    0x61,
    (reader) => {
      const item = reader.pop();
      const list = reader.popList();
      list.items.push(item);
      reader.push(list);
    },
  ],
  [
    0x65,
    (reader) => {
      const items = reader.popToMark();
      const list = reader.popList();
      for (const item of items) list.items.push(item);
      reader.push(list);
    },
  ],
  // MARK, EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE, POP
  [0x28, (reader) => reader.push(MARK)],
  [0x29, tuple(0)],
  [0x85, tuple(1)],
  [0x86, tuple(2)],
  [0x87, tuple(3)],
  [0x74, (reader) => reader.push({ kind: 'list', items: reader.popToMark() })],
  [0x30, (reader) => void reader.pop()],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, async (reader) => reader.remember(await reader.number(1))],
  [0x72, async (reader) => reader.remember(await reader.number(4))],
  [0x94, (reader) => reader.rememberNext()],
  [0x68, async (reader) => reader.recall(await reader.number(1))],
  [0x6a, async (reader) => reader.recall(await reader.number(4))],
  // GLOBAL, STACK_GLOBAL, REDUCE, BUILD: names, and what would be called with what.
  [
    0x63,
    async (reader) => reader.push({ kind: 'name', name: `${await reader.line()}.${await reader.line()}` }),
  ],
  [
    0x93,
    async (reader) => {
      const name = await reader.popText();
      reader.push({ kind: 'name', name: `${await reader.popText()}.${name}` });
    },
  ],
  [0x52, call],
  [0x62, build],
]);
