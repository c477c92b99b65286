import { readTensors as read, writeTensors as write } from '../../../apps/trainer/src/run/safetensors.ts';
import type { TensorData } from '../../../packages/onnx/src/index.ts';

/** Tensors by name. */
export type NamedTensors = ReadonlyMap<string, TensorData>;

/** Writes float32 tensors as a safetensors file. */
export async function writeTensors(path: string, tensors: NamedTensors): Promise<void> {
  const entries = [...tensors].map(([name, { dims, data }]) => [
    name,
    { shape: dims, data: data as Float32Array },
  ]);
  await write(path, { tensors: Object.fromEntries(entries), metadata: {} });
}

/** Reads a safetensors file of float32 and float64 tensors. */
export async function readTensors(path: string): Promise<NamedTensors> {
  const { tensors } = await read(path);
  return new Map(
    Object.entries(tensors).map(([name, { shape: dims, data }]) => [
      name,
      data instanceof Float32Array ? { type: 'float32', dims, data } : { type: 'float64', dims, data },
    ]),
  );
}
