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
  const json = new TextEncoder().encode(
    JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }),
  );
  const whole = new Uint8Array(bytes ?? 8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(whole.buffer).setBigUint64(0, BigInt(whole.length - 8), true);
  whole.set(json.subarray(0, whole.length - 8), 8);
  return whole;
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
