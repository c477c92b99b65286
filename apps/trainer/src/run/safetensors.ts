import { readFile } from 'node:fs/promises';
import { RunFolderError, reasonOf } from '../errors.ts';
import { atomicWrite } from './atomic-write.ts';

/** Named tensors with text beside them, in the safetensors format: readable from Python as well. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

const TYPES = { F32: Float32Array, F64: Float64Array } as const;

/** Writes a file whole or not at all. */
export async function writeTensors(path: string, file: TensorFile): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: file.metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(file.tensors)) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const dtype = data instanceof Float32Array ? 'F32' : 'F64';
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  // Padded with spaces, so that the numbers begin at a multiple of 8.
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  await atomicWrite(path, Buffer.concat([length, padded, ...parts]));
}

/** @throws RunFolderError if the file is missing, cut short or not in the format */
export async function readTensors(path: string): Promise<TensorFile> {
  let bytes: Uint8Array;
  try {
    // A copy of its own: a Buffer's slices would share the pool they come from.
    bytes = new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new RunFolderError(
      `'${path}', which can't be read`,
      'a safetensors file',
      'check the path.',
      cause,
    );
  }
  try {
    return parse(bytes);
  } catch (cause) {
    throw new RunFolderError(
      `'${path}' (${reasonOf(cause)})`,
      'a whole safetensors file',
      'start a new run, or put back a copy of the file.',
      cause,
    );
  }
}

function parse(bytes: Uint8Array): TensorFile {
  if (bytes.length < 8) throw new Error(`only ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  if (start > bytes.length) throw new Error(`header of ${start - 8} bytes in a file of ${bytes.length}`);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<string, unknown>;
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors: Record<string, Tensor> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const {
      dtype,
      shape,
      data_offsets: [from, to],
    } = entry as { dtype: string; shape: number[]; data_offsets: [number, number] };
    const Type = TYPES[dtype as keyof typeof TYPES];
    if (Type === undefined) throw new Error(`tensor '${name}' of type ${dtype}`);
    if (!(from >= 0 && to >= from)) throw new Error(`tensor '${name}' from byte ${from} to ${to}`);
    if (start + to > bytes.length)
      throw new Error(`cut short: tensor '${name}' ends at byte ${start + to} of ${bytes.length}`);
    const count = shape.reduce((product, size) => product * size, 1);
    if ((to - from) / Type.BYTES_PER_ELEMENT !== count)
      throw new Error(`tensor '${name}' has ${to - from} bytes for [${shape}]`);
    tensors[name] = { shape, data: new Type(bytes.slice(start + from, start + to).buffer) };
  }
  return { tensors, metadata: metadata as Record<string, string> };
}
