import { decodeModel, encodeModel, type Model, readWeights, withWeights } from '@cf/onnx';
import { describe, expect, it } from 'vitest';
import { openOnnxEmbedding } from '../engines/onnx-network.ts';
import { smallOnnx } from '../testing/onnx-files.ts';
import { failureOf } from '../testing.ts';
import { featuresOf, linearEmbedding } from './linear-embedding.ts';

const features = { kind: 'pixels', size: 8 } as const;
/** Three feature vectors of two numbers. */
const rows = Float32Array.of(1, 10, 2, 20, 3, 60);
const toy = (seed: number = 7): Model => linearEmbedding({ features, rows, inputDim: 2, dim: 3, seed });

const constant = (model: Model, name: string): readonly number[] =>
  Array.from(readWeights(model, [name]).get(name)!.data, Number);

async function embed(model: Model, values: Float32Array): Promise<readonly number[]> {
  const embedder = await openOnnxEmbedding(encodeModel(model));
  try {
    expect(embedder.dim).toBe(3);
    return [...(await embedder.run(values, values.length / 2))];
  } finally {
    await embedder.dispose();
  }
}

describe('linearEmbedding', () => {
  it('takes the mean and one scale of the features', () => {
    expect(constant(toy(), 'features.mean')).toEqual([2, 30]);
    // Squares around the mean: 1, 400, 0, 100, 1, 900.
    expect(constant(toy(), 'features.scale')[0]).toBeCloseTo(1 / Math.sqrt(1402 / 6), 8);
  });

  it('gives the same weights for a seed, others for another, and no bias', () => {
    const weight = (seed: number): readonly number[] => constant(toy(seed), 'embedding.weight');
    expect(weight(7)).toEqual(weight(7));
    expect(weight(7)).not.toEqual(weight(8));
    expect(constant(toy(), 'embedding.bias')).toEqual([0, 0, 0]);
  });

  it('draws V from N(0, 1/inputDim)', () => {
    const inputDim = 100;
    const model = linearEmbedding({
      features,
      rows: new Float32Array(inputDim),
      inputDim,
      dim: 200,
      seed: 1,
    });
    const weight = constant(model, 'embedding.weight');
    const mean = weight.reduce((sum, w) => sum + w, 0) / weight.length;
    const variance = weight.reduce((sum, w) => sum + w * w, 0) / weight.length;
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / inputDim / weight.length));
    expect(variance * inputDim).toBeCloseTo(1, 1);
  });

  it('divides constant features by one, not by zero', async () => {
    const same = Float32Array.of(4, 4, 4, 4);
    const model = linearEmbedding({ features, rows: same, inputDim: 2, dim: 3, seed: 0 });
    expect(constant(model, 'features.scale')).toEqual([1]);
    expect((await embed(model, same)).map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('embeds by hand', async () => {
    const scale = Math.fround(1 / Math.sqrt(1402 / 6));
    const tensor = (dims: readonly number[], data: readonly number[]) =>
      ({ type: 'float32', dims, data: Float32Array.from(data) }) as const;
    const model = withWeights(
      toy(),
      new Map([
        ['embedding.weight', tensor([3, 2], [1, 0, 0, 2, -1, 1])],
        ['embedding.bias', tensor([3], [0.5, 0, -0.5])],
      ]),
    );
    // (3 − 2)·s and (60 − 30)·s; (1 − 2)·s and (10 − 30)·s.
    const expected = [
      scale + 0.5,
      60 * scale,
      29 * scale - 0.5,
      -scale + 0.5,
      -40 * scale,
      -19 * scale - 0.5,
    ];
    const actual = await embed(model, Float32Array.of(3, 60, 1, 10));
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 5);
  });
});

describe('featuresOf', () => {
  it('gives what the model stands on, after it was a file', () => {
    expect(featuresOf(decodeModel(encodeModel(toy())), 'model.onnx')).toEqual(features);
  });

  it('of a network of pictures is nothing', () => {
    expect(featuresOf(decodeModel(smallOnnx()), 'model.onnx')).toBeUndefined();
  });

  it('refuses features of no kind', async () => {
    const model = linearEmbedding({ features: {} as typeof features, rows, inputDim: 2, dim: 3, seed: 0 });
    const error = await failureOf(() => featuresOf(model, 'model.onnx'));
    expect(error).toMatchObject({ code: 'E_RUN' });
    expect(error.message).toMatch(/'model\.onnx' with features = \{\}/);
  });
});
