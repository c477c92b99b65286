import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { failureOf, temporaryFolder } from '../testing.ts';
import { embeddingTensors } from '../training/checkpoint.ts';
import { readModel, writeModel } from './face-model.ts';
import { randomEmbedding } from './linear-embedding.ts';
import { type TensorFile, writeTensors } from './safetensors.ts';

let path: string;
beforeAll(async () => {
  path = join(await temporaryFolder(), 'model.safetensors');
});

const embedding = randomEmbedding(
  Float32Array.from({ length: 64 * 3 }, (_, i) => (i * 7) % 5),
  64,
  4,
  0,
);
const features = { kind: 'pixels', size: 8 } as const;

it('gives a model back as it was written', async () => {
  await writeModel(path, { features, embedding });
  expect(await readModel(path)).toEqual({ features, embedding });
});

describe('readModel refuses', () => {
  const whole = embeddingTensors(embedding);
  const metadata = { format: 'cf-model-1', features: JSON.stringify(features) };
  const infinite = { shape: [4], data: Float64Array.of(0, 0, Number.POSITIVE_INFINITY, 0) };
  it.each<[string, TensorFile, RegExp]>([
    ['another format', { tensors: whole, metadata: { ...metadata, format: 'x' } }, /of format x/],
    ['no format', { tensors: whole, metadata: {} }, /of format undefined/],
    ['no features', { tensors: whole, metadata: { format: 'cf-model-1' } }, /features = undefined/],
    ['features of no kind', { tensors: whole, metadata: { ...metadata, features: '{}' } }, /features = \{\}/],
    ['a tensor that is missing', { tensors: {}, metadata }, /without tensor 'embedding\.weight'/],
    [
      'a tensor of another size',
      { tensors: { ...whole, 'embedding.bias': { shape: [3], data: new Float64Array(3) } }, metadata },
      /'embedding\.bias' of shape \[3\], not of 4/,
    ],
    [
      'a weight that is no matrix',
      { tensors: { ...whole, 'embedding.weight': { shape: [256], data: new Float64Array(256) } }, metadata },
      /'embedding\.weight' of shape \[256\]/,
    ],
    [
      'numbers that are not finite',
      { tensors: { ...whole, 'embedding.bias': infinite }, metadata },
      /not finite/,
    ],
  ])('%s', async (_, file, message) => {
    await writeTensors(path, file);
    const error = await failureOf(() => readModel(path));
    expect(error.code).toBe('E_RUN');
    expect(error.message).toMatch(message);
  });

  it('a file that is no model', async () => {
    await writeFile(path, 'hello');
    expect((await failureOf(() => readModel(path))).code).toBe('E_RUN');
  });
});
