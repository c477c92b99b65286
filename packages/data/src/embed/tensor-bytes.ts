import { reasonOf } from '@cf/core';
import { EmbeddingFileError } from '../errors.ts';
import { parseSafetensors, safetensorsHeader, type TensorPlace } from './safetensors.ts';

/** An array with its shape, row-major. */
export interface ShapedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

const TYPES = { F32: Float32Array, F64: Float64Array } as const;

/** Named arrays as the bytes of a safetensors file, which PyTorch and NumPy read. */
export function tensorBytes(
  tensors: ReadonlyMap<string, ShapedArray>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const parts = tensorParts(tensors, metadata);
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The same bytes in parts: a header, and views of the arrays, of which none is copied. */
export function tensorParts(
  tensors: Iterable<readonly [string, ShapedArray]>,
  metadata: Readonly<Record<string, string>>,
): readonly [header: Uint8Array, ...arrays: Uint8Array[]] {
  const places: Record<string, TensorPlace> = {};
  const arrays: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const dtype = data instanceof Float32Array ? 'F32' : 'F64';
    places[name] = { dtype, shape, from: offset, to: offset + bytes.length };
    arrays.push(bytes);
    offset += bytes.length;
  }
  return [safetensorsHeader(metadata, places), ...arrays];
}

/**
 * Named arrays of the bytes of a safetensors file, as copies.
 *
 * @throws EmbeddingFileError for bytes that are no such file, and for tensors of other types than F32 and F64
 */
export function tensorsOfBytes(bytes: Uint8Array): Map<string, ShapedArray> {
  try {
    return parse(bytes);
  } catch (cause) {
    throw new EmbeddingFileError(
      `${bytes.length} bytes (${reasonOf(cause)})`,
      'a whole safetensors file of F32 and F64',
      'give all bytes of such a file.',
      cause,
    );
  }
}

function parse(bytes: Uint8Array): Map<string, ShapedArray> {
  const length = bytes.length < 8 ? Number.POSITIVE_INFINITY : Number(viewOf(bytes).getBigUint64(0, true));
  const start = 8 + length;
  if (start > bytes.length) throw new Error('no safetensors, or cut short');
  const { tensors } = parseSafetensors(new TextDecoder().decode(bytes.subarray(8, start)));
  const entries = [...tensors].map(([name, place]) => {
    const ArrayOf = arrayTypeOf(name, place, bytes.length - start);
    const { buffer } = Uint8Array.from(bytes.subarray(start + place.from, start + place.to));
    return [name, { shape: place.shape, data: new ArrayOf(buffer) }] as const;
  });
  return new Map(entries);
}

/**
 * The kind of array that a tensor of a file is read into.
 *
 * @param size bytes behind the header.
 * @throws Error that says what is wrong: another type, another number of bytes than its shape asks for, or an end beyond
 * the file's
 */
export function arrayTypeOf(
  name: string,
  { dtype, shape, from, to }: TensorPlace,
  size: number,
): typeof Float32Array | typeof Float64Array {
  if (!Object.hasOwn(TYPES, dtype)) throw new Error(`tensor '${name}' of type ${dtype}`);
  if (to > size) throw new Error(`cut short: tensor '${name}' ends at byte ${to} of ${size}`);
  const ArrayOf = TYPES[dtype as keyof typeof TYPES];
  const count = shape.reduce((product, side) => product * side, 1);
  if ((to - from) / ArrayOf.BYTES_PER_ELEMENT !== count)
    throw new Error(`tensor '${name}' has ${to - from} bytes for [${shape}]`);
  return ArrayOf;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
