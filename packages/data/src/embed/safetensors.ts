import type { FileHandle } from 'node:fs/promises';
import { readExactly } from '../source/read-span.ts';

/** One tensor of a safetensors file. */
export interface TensorPlace {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the beginning of the numbers. */
  readonly from: number;
  readonly to: number;
}

/** What the header says. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorPlace>;
}

/** Readers of the format refuse longer headers. */
export const MOST_HEADER_BYTES = 100_000_000;

/**
 * The beginning of a file: the length of its header, and the header, a multiple of 8 bytes.
 *
 * @param bytes of the whole of it; as few as it needs by default
 */
export function safetensorsHeader(
  metadata: Readonly<Record<string, string>>,
  tensors: Readonly<Record<string, TensorPlace>>,
  bytes?: number,
): Uint8Array {
  const entries = Object.entries(tensors).map(
    ([name, { dtype, shape, from, to }]) => [name, { dtype, shape, data_offsets: [from, to] }] as const,
  );
  const json = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const whole = Buffer.alloc(bytes ?? 8 + Math.ceil(json.length / 8) * 8, 0x20);
  whole.writeBigUInt64LE(BigInt(whole.length - 8), 0);
  json.copy(whole, 8);
  return whole;
}

/**
 * Reads how an open file begins: the text of its header, and the byte that its numbers begin at.
 *
 * @param size of the file
 * @throws Error that says what is wrong
 */
export async function readSafetensorsText(
  file: FileHandle,
  size: number,
  mostBytes: number = size,
): Promise<{ readonly text: string; readonly start: number }> {
  if (size < 8) throw new Error(`only ${size} bytes`);
  const length = Number(Buffer.from(await readExactly(file, 0, 8)).readBigUInt64LE(0));
  if (length > mostBytes || 8 + length > size)
    throw new Error(`a header of ${length} bytes in a file of ${size}: no safetensors, or cut short`);
  const text = Buffer.from(await readExactly(file, 8, length)).toString('utf8');
  return { text, start: 8 + length };
}

/** Reads the text of a header. @throws Error that says what is wrong */
export function parseSafetensors(text: string): SafetensorsHeader {
  const whole: unknown = JSON.parse(text);
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole))
    throw new Error('a header that is no object');
  const { __metadata__: metadata = {}, ...tensors } = whole as Record<string, unknown>;
  return {
    metadata: metadata as Record<string, string>,
    tensors: new Map(Object.entries(tensors).map(([name, value]) => [name, placeOf(name, value)])),
  };
}

function placeOf(name: string, value: unknown): TensorPlace {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const areIntegers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every(Number.isSafeInteger);
  if (typeof dtype !== 'string' || !areIntegers(shape) || !areIntegers(offsets) || offsets.length !== 2)
    throw new Error(`tensor '${name}' without a type, a shape and a place`);
  if (shape.some((side) => side < 0)) throw new Error(`tensor '${name}' of shape [${shape}]`);
  const [from, to] = offsets as [number, number];
  if (from < 0 || to < from) throw new Error(`tensor '${name}' from byte ${from} to ${to}`);
  return { dtype, shape, from, to };
}
