import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { gradient } from '../gradient/gradient.ts';
import { decodeModel } from '../model/codec.ts';
import { sizeOf } from '../model/dims.ts';
import { graphOf } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { openModel } from './run-model.ts';

/** What a network written by PyTorch's exporter comes with. */
interface Case {
  /** float32 where it does not say. */
  readonly type?: 'float32' | 'int64';
  readonly data: readonly number[];
  readonly embedding: readonly number[];
  /** Whether the exporter joined and folded weights, and gave those other names. */
  readonly folded?: boolean;
  readonly gradients: readonly (readonly [string, readonly number[]])[];
}

/** Of the largest entry of a tensor. */
const TOLERANCE = 1e-5;
/** The same, however wrong PyTorch's own gradients in float32 are. */
const MOST_TOLERANCE = 1e-4;
/** Of the largest entry of all tensors. */
const NOISE = 1e-6;

/** Names of the networks in a folder: of the folders in it with a case. */
export function exportedNetworks(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'case.json')));
}

/**
 * Expects embedding and gradients of a network to be those that lie beside it.
 *
 * @param folder with model.onnx, case.json, data, seed, embedding and gradients
 * @returns how many gradients kept the name of their parameter
 */
export async function expectPyTorchGradients(folder: string): Promise<number> {
  const model = decodeModel(readFileSync(join(folder, 'model.onnx')));
  const given = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Case;
  const initializers = new Set(graphOf(model).initializer.map((tensor) => tensor.name));
  // Constant folding gives the weights of linear layers other names.
  const wrt = given.gradients.map(([parameter]) => parameter).filter((p) => initializers.has(p));
  if (given.folded === false) expect(wrt).toHaveLength(given.gradients.length);
  const result = gradient(model, { of: 'embedding', wrt, seed: 'seed' });
  const session = await openModel(result.model);
  const outputs = await session.run({
    data: dataOf(folder, given),
    seed: { type: 'float32', dims: given.embedding, data: floats(folder, 'seed') },
  });
  await session.release();
  expect(distance(outputs.embedding!.data as Float32Array, floats(folder, 'embedding'))).toBeLessThan(
    TOLERANCE,
  );
  const all = floats(folder, 'gradients');
  const inFloat32 = existsSync(join(folder, 'gradients-float32.f32'))
    ? floats(folder, 'gradients-float32')
    : all;
  const most = largest(all);
  let start = 0;
  for (const [parameter, dims] of given.gradients) {
    const end = start + sizeOf(dims);
    const [expected, peer] = [all.subarray(start, end), inFloat32.subarray(start, end)];
    start = end;
    // A gradient that is 0 but for rounding, such as that of a bias before a normalisation, is noise on both sides.
    if (!initializers.has(parameter) || largest(expected) < NOISE * most) continue;
    const actual = outputs[result.gradients.get(parameter)!]!;
    expect(actual.dims, parameter).toEqual(dims);
    // Where float32 itself is the limit, as PyTorch's own gradients in float32 show, twice their error is allowed.
    const tolerance = Math.max(TOLERANCE, Math.min(2 * distance(peer, expected), MOST_TOLERANCE));
    expect(distance(actual.data as Float32Array, expected), `∂${parameter}`).toBeLessThan(tolerance);
  }
  return wrt.length;
}

function dataOf(folder: string, { type = 'float32', data: dims }: Case): TensorData {
  if (type === 'float32') return { type, dims, data: floats(folder, 'data') };
  return { type, dims, data: new BigInt64Array(bytes(folder, 'data.i64')) };
}

function floats(folder: string, file: string): Float32Array {
  return new Float32Array(bytes(folder, `${file}.f32`));
}

function bytes(folder: string, file: string): ArrayBuffer {
  return new Uint8Array(readFileSync(join(folder, file))).buffer;
}

function largest(values: Float32Array): number {
  return values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

/** Largest difference, relative to the largest entry; NaN where there is one. */
function distance(actual: Float32Array, expected: Float32Array): number {
  return expected.reduce((most, x, i) => Math.max(most, Math.abs(actual[i]! - x)), 0) / largest(expected);
}
