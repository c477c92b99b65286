import { VerificationSetError } from '../errors.ts';
import { foldCount, foldInOrder } from '../pairs/folds-in-order.ts';
import { FileBytes } from '../source/file-bytes.ts';
import type { PictureSlice } from '../source/picture-source.ts';
import { readPickle } from './pickle.ts';
import {
  isKind,
  type PickleBytes,
  type PickleCall,
  type PickleText,
  type PickleValue,
} from './pickle-value.ts';

/** Pairs of pictures in one file, such as `lfw.bin`. */
export interface VerificationSet {
  readonly path: string;
  /** Pictures 2·i and 2·i + 1 of the file are pair i. */
  readonly pairs: readonly VerificationPair[];
  /** Ten, or as many as there are pairs if those are fewer. */
  readonly folds: number;
}

export interface VerificationPair {
  readonly a: PictureSlice;
  readonly b: PictureSlice;
  readonly same: boolean;
  /** From 0; pairs lie in folds in the order of the file, as scikit-learn's KFold has it. */
  readonly fold: number;
}

const WHAT = 'a list of encoded pictures and a list with a flag for every two of them';

/** Whether a file begins as a pickle of the protocols that are read. */
export function isVerificationSet(head: Uint8Array): boolean {
  return head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
}

/**
 * Reads which pictures and flags a verification set of InsightFace holds: a pickle of encoded pictures (bytes, or arrays
 * of NumPy) and flags. Nothing of it is executed, and no picture is read.
 *
 * @throws VerificationSetError naming the file and the byte
 */
export function readVerificationSet(path: string): Promise<VerificationSet> {
  const fail = (reason: string, cause: unknown): VerificationSetError =>
    new VerificationSetError(path, `: ${reason}`, 'a file that can be read', cause);
  return FileBytes.with(path, fail, async (bytes) => {
    const whole = await readPickle(bytes);
    const parts = isKind(whole, 'list') ? whole.items : [];
    const pictures = isKind(parts[0], 'list') ? parts[0].items : undefined;
    if (parts.length !== 2 || pictures === undefined)
      throw new VerificationSetError(path, ': another pickle', WHAT);
    const arrays = new ArrayReader(bytes);
    const flags = await arrays.flags(parts[1]);
    if (flags === undefined) throw new VerificationSetError(path, ': the second list is not of flags', WHAT);
    const count = flags.length;
    if (count === 0 || pictures.length !== 2 * count) {
      throw new VerificationSetError(path, `: ${pictures.length} pictures and ${count} flags`, WHAT);
    }
    const slices: PictureSlice[] = [];
    for (const [key, picture] of pictures.entries()) {
      const span = await arrays.picture(picture);
      if (span === undefined) throw new VerificationSetError(path, `: picture ${key} is no bytes`, WHAT);
      const { offset, length } = span;
      slices.push({
        kind: 'slice',
        path,
        key,
        offset,
        length,
        ...(span.kind === 'text' && { asText: true }),
      });
    }
    const pairs = flags.map((same, pair) => ({
      a: slices[2 * pair]!,
      b: slices[2 * pair + 1]!,
      same,
      fold: foldInOrder(pair, count),
    }));
    return { path, pairs, folds: foldCount(count) };
  });
}

/** Names of one thing in Python 2 and 3, and in NumPy 1 and 2. */
function isCall(value: PickleValue | undefined, ...names: readonly string[]): value is PickleCall {
  return isKind(value, 'call') && names.includes(value.name.replace('numpy._core.', 'numpy.core.'));
}

/** Bytes of a pickle, as such or in a text of characters below U+0100. */
type Span = PickleBytes | PickleText;

/** Where the bytes are that a value stands for. */
function bytesOf(value: PickleValue | undefined): Span | undefined {
  if (isKind(value, 'bytes')) return value;
  // How protocol 2 writes bytes of Python 3.
  if (isCall(value, '_codecs.encode') && isKind(value.given[0], 'text')) return value.given[0];
  if (isCall(value, 'builtins.bytes', '__builtin__.bytes', 'builtins.bytearray', '__builtin__.bytearray')) {
    return value.given.length === 0 ? { kind: 'bytes', offset: 0, length: 0 } : bytesOf(value.given[0]);
  }
  return undefined;
}

/** What an array or a number of NumPy is made of. */
interface ArrayParts {
  readonly data: Span;
  /** Bytes of a number. */
  readonly size: number;
}

/** Parts of sets that NumPy has made. */
class ArrayReader {
  readonly #bytes: FileBytes;

  constructor(bytes: FileBytes) {
    this.#bytes = bytes;
  }

  /** Where an encoded picture is; it may be an array of bytes. */
  async picture(value: PickleValue | undefined): Promise<Span | undefined> {
    const plain = bytesOf(value);
    if (plain !== undefined) return plain;
    const array = await this.#parts(value);
    return array?.size === 1 ? array.data : undefined;
  }

  /** The flags of pairs: a list, or an array, of truth values or numbers. */
  async flags(value: PickleValue | undefined): Promise<boolean[] | undefined> {
    if (!isKind(value, 'list')) return this.#truths(value);
    const flags: boolean[] = [];
    for (const item of value.items) {
      const truths =
        typeof item === 'boolean' || item === 0 || item === 1 ? [item === true || item === 1] : undefined;
      const one = truths ?? (await this.#truths(item));
      if (one?.length !== 1) return undefined;
      flags.push(one[0]!);
    }
    return flags;
  }

  async #truths(value: PickleValue | undefined): Promise<boolean[] | undefined> {
    const parts = await this.#parts(value);
    if (parts === undefined) return undefined;
    const numbers: boolean[] = [];
    const content = await this.#content(parts.data);
    for (let at = 0; at < content.length; at += parts.size) {
      numbers.push(content.subarray(at, at + parts.size).some((byte) => byte !== 0));
    }
    return numbers;
  }

  async #parts(value: PickleValue | undefined): Promise<ArrayParts | undefined> {
    const [content, type] = contentAndType(value);
    const data = bytesOf(content);
    const name = isCall(type, 'numpy.dtype') ? type.given[0] : undefined;
    // A letter for the kind of number, and its bytes: u1.
    if (data === undefined || !(isKind(name, 'text') || isKind(name, 'bytes'))) return undefined;
    const found = /^[|<>=]?[biu]([1248])$/.exec((await this.#content(name)).toString('latin1'));
    return found === null ? undefined : { data, size: Number(found[1]) };
  }

  async #content({ kind, offset, length }: Span): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let done = 0; done < length; done += READ)
      parts.push(Buffer.from(await this.#bytes.at(offset + done, Math.min(READ, length - done))));
    const content = Buffer.concat(parts);
    return kind === 'bytes' ? content : Buffer.from(content.toString('utf8'), 'latin1');
  }
}

const READ = 64 * 1024;

function contentAndType(
  value: PickleValue | undefined,
): readonly [content: PickleValue | undefined, type: PickleValue | undefined] {
  if (isCall(value, 'numpy.core.multiarray._reconstruct') && isKind(value.state, 'list')) {
    const [, , type, , content] = value.state.items;
    return [content, type];
  }
  if (isCall(value, 'numpy.core.numeric._frombuffer')) return [value.given[0], value.given[1]];
  if (isCall(value, 'numpy.core.multiarray.scalar')) return [value.given[1], value.given[0]];
  return [undefined, undefined];
}
