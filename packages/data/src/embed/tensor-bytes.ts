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
  const places: Record<string, TensorPlace> = {};
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    const from = end;
    end += data.byteLength;
    places[name] = { dtype: data instanceof Float32Array ? 'F32' : 'F64', shape, from, to: end };
  }
  const header = safetensorsHeader(metadata, places);
  const whole = new Uint8Array(header.length + end);
  whole.set(header);
  for (const [name, { data }] of tensors)
    whole.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      header.length + places[name]!.from,
    );
  return whole;
}

/**
 * Named arrays of the bytes of a safetensors file, as copies.
 *
 * @throws Error that says what is wrong, for bytes that are no such file, and for tensors of other types than F32 and F64
 */
export function tensorsOfBytes(bytes: Uint8Array): Map<string, ShapedArray> {
  const length = bytes.length < 8 ? Number.POSITIVE_INFINITY : Number(viewOf(bytes).getBigUint64(0, true));
  const start = 8 + length;
  if (start > bytes.length) throw new Error(`${bytes.length} bytes, which are no safetensors, or cut short`);
  const { tensors } = parseSafetensors(new TextDecoder().decode(bytes.subarray(8, start)));
  const entries = [...tensors].map(([name, { dtype, shape, from, to }]) => {
    if (!Object.hasOwn(TYPES, dtype)) throw new Error(`tensor '${name}' of type ${dtype}, not of F32 or F64`);
    const ArrayOf = TYPES[dtype as keyof typeof TYPES];
    const count = shape.reduce((product, side) => product * side, 1);
    if (to - from !== count * ArrayOf.BYTES_PER_ELEMENT || start + to > bytes.length)
      throw new Error(`tensor '${name}' [${shape}] in ${to - from} bytes of ${bytes.length}`);
    return [
      name,
      { shape, data: new ArrayOf(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer) },
    ] as const;
  });
  return new Map(entries);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
