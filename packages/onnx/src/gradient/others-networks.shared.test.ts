import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../model/codec.ts';
import { graphOf } from '../model/model.ts';
import { openModel } from '../testing/run-model.ts';
import { gradient } from './gradient.ts';

/** What a network written by PyTorch's exporter comes with. */
interface Case {
  readonly data: readonly number[];
  readonly embedding: readonly number[];
  readonly gradients: readonly (readonly [string, readonly number[]])[];
}

const FOLDER = fileURLToPath(new URL('../../../../../shared/onnx/', import.meta.url));
const isHere = existsSync(FOLDER);
const names = isHere
  ? readdirSync(FOLDER, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  : ['networks'];

/** Of the largest entry of a tensor. */
const TOLERANCE = 1e-5;
/** Of the largest entry of all tensors. */
const NOISE = 1e-6;

function floats(name: string, file: string): Float32Array {
  const bytes = readFileSync(`${FOLDER}${name}/${file}.f32`);
  return new Float32Array(new Uint8Array(bytes).buffer);
}

function sizeOf(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

/** Largest difference, relative to the largest entry. */
function distance(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return expected.reduce((most, x, i) => Math.max(most, Math.abs(actual[i]! - x)), 0) / scale;
}

describe.skipIf(!isHere)('networks that other tools wrote (needs ../shared)', () => {
  test.each(names)('%s: embeddings and gradients are those of PyTorch', async (name) => {
    const model = decodeModel(readFileSync(`${FOLDER}${name}/model.onnx`));
    const given = JSON.parse(readFileSync(`${FOLDER}${name}/case.json`, 'utf8')) as Case;
    const initializers = new Set(graphOf(model).initializer.map((tensor) => tensor.name));
    // Constant folding gives the weights of linear layers other names.
    const wrt = given.gradients.map(([parameter]) => parameter).filter((p) => initializers.has(p));
    const result = gradient(model, { of: 'embedding', wrt, seed: 'seed' });
    const session = await openModel(result.model);
    const outputs = await session.run({
      data: { type: 'float32', dims: given.data, data: floats(name, 'data') },
      seed: { type: 'float32', dims: given.embedding, data: floats(name, 'seed') },
    });
    await session.release();
    expect(distance(outputs.embedding!.data as Float32Array, floats(name, 'embedding'))).toBeLessThan(
      TOLERANCE,
    );
    const all = floats(name, 'gradients');
    const most = all.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    let start = 0;
    for (const [parameter, dims] of given.gradients) {
      const expected = all.subarray(start, start + sizeOf(dims));
      start += expected.length;
      // A gradient that is 0 but for rounding, such as that of a bias before a normalisation, is noise on both sides.
      const isNoise = expected.every((x) => Math.abs(x) < NOISE * most);
      if (!initializers.has(parameter) || isNoise) continue;
      const actual = outputs[result.gradients.get(parameter)!]!;
      expect(actual.dims, parameter).toEqual(dims);
      expect(distance(actual.data as Float32Array, expected), `∂${parameter}`).toBeLessThan(TOLERANCE);
    }
    expect(wrt.length).toBeGreaterThan(10);
  });
});
