import { createRandom } from '@cf/data';
import { describe, expect, it } from 'vitest';
import {
  backward,
  embedAll,
  forward,
  type LinearEmbedding,
  randomEmbedding,
  standardise,
} from './linear-embedding.ts';

const features = Float32Array.of(1, 10, 3, 20, 5, 60);

const toy: LinearEmbedding = {
  inputDim: 2,
  outputDim: 3,
  mean: Float32Array.of(1, 2),
  scale: 2,
  weight: Float64Array.of(1, 0, 0, 1, 2, -1),
  bias: Float64Array.of(0, 10, 0.5),
};

describe('randomEmbedding', () => {
  it('takes mean and root mean square of the features', () => {
    const { mean, scale, bias } = randomEmbedding(features, 2, 3, 0);
    expect([...mean]).toEqual([3, 30]);
    // Squares around the mean: 4 + 0 + 4 and 400 + 100 + 900, over 6 numbers.
    expect(scale).toBeCloseTo(Math.sqrt(1408 / 6), 12);
    expect([...bias]).toEqual([0, 0, 0]);
  });

  it('is the same for one seed and another for another', () => {
    const weight = (seed: number): number[] => [...randomEmbedding(features, 2, 3, seed).weight];
    expect(weight(7)).toEqual(weight(7));
    expect(weight(7)).not.toEqual(weight(8));
  });

  it('draws V from N(0, 1/inputDim)', () => {
    const inputDim = 100;
    const { weight } = randomEmbedding(new Float32Array(inputDim), inputDim, 200, 1);
    const mean = weight.reduce((sum, w) => sum + w, 0) / weight.length;
    const variance = weight.reduce((sum, w) => sum + w * w, 0) / weight.length;
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / inputDim / weight.length));
    expect(variance * inputDim).toBeCloseTo(1, 1);
  });

  it('divides constant features by one, not by zero', () => {
    const constant = Float32Array.of(4, 4, 4, 4);
    const model = randomEmbedding(constant, 2, 2, 0);
    expect(model.scale).toBe(1);
    expect([...embedAll(model, constant)]).toEqual([0, 0, 0, 0]);
  });
});

it('standardises chosen rows in their order', () => {
  expect([...standardise(toy, features, [2, 0])]).toEqual([2, 29, 0, 4]);
});

it('embeds by hand', () => {
  expect([...forward(toy, Float64Array.of(2, 29, 0, 4))]).toEqual([2, 39, -24.5, 0, 14, -3.5]);
  expect([...embedAll(toy, features)]).toEqual([0, 14, -3.5, 1, 19, -6.5, 2, 39, -24.5]);
});

it('has the gradient of central differences', () => {
  const random = createRandom('gradient');
  const normal = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());
  const [count, inputDim, outputDim] = [4, 3, 2];
  const model = {
    ...toy,
    inputDim,
    outputDim,
    mean: new Float32Array(inputDim),
    weight: normal(inputDim * outputDim),
    bias: normal(outputDim),
  };
  const inputs = normal(count * inputDim);
  // L = Σ c·x², so ∂L/∂x = 2·c·x.
  const c = normal(count * outputDim);
  const loss = (): number => forward(model, inputs).reduce((sum, x, i) => sum + c[i]! * x * x, 0);
  const gradient = backward(
    model,
    inputs,
    forward(model, inputs).map((x, i) => 2 * c[i]! * x),
  );
  for (const name of ['weight', 'bias'] as const) {
    for (let i = 0; i < model[name].length; i++) {
      const before = model[name][i]!;
      const h = 1e-5;
      model[name][i] = before + h;
      const above = loss();
      model[name][i] = before - h;
      const below = loss();
      model[name][i] = before;
      expect(gradient[name][i]).toBeCloseTo((above - below) / (2 * h), 7);
    }
  }
});
