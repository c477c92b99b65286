import { readFile, writeFile } from 'node:fs/promises';
import type { TensorData } from '../../../packages/onnx/src/index.ts';

/** Tensors by name. */
export type NamedTensors = ReadonlyMap<string, TensorData>;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Writes float32 tensors as a safetensors file. */
export async function writeTensors(path: string, tensors: NamedTensors): Promise<void> {
  const header: Record<string, Entry> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dims, data }] of tensors) {
    const values = data as Float32Array;
    const part = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [offset, offset + part.length] };
    parts.push(part);
    offset += part.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Padded with spaces, so that the numbers begin at a multiple of 8.
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  await writeFile(path, Buffer.concat([length, padded, ...parts]));
}

/** Reads a safetensors file of float32 and float64 tensors. */
export async function readTensors(path: string): Promise<NamedTensors> {
  // A copy of its own: a Buffer may begin anywhere in a pool.
  const bytes = new Uint8Array(await readFile(path));
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<string, Entry>;
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const numbers = bytes.slice(start + from, start + to).buffer;
        const tensor: TensorData =
          dtype === 'F64'
            ? { type: 'float64', dims: shape, data: new Float64Array(numbers) }
            : { type: 'float32', dims: shape, data: new Float32Array(numbers) };
        return [name, tensor];
      },
    ),
  );
}
