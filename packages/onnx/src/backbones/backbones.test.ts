import { describe, expect, test } from 'vitest';
import { encodeModel } from '../model/codec.ts';
import { graphOf, type Model } from '../model/model.ts';
import { readTensor } from '../model/tensor.ts';
import { trainingForm } from '../passes/training-form.ts';
import { readWeights } from '../passes/with-weights.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { checkModel } from '../testing/onnx-checker.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import type { BackboneOptions } from './backbone-builder.ts';
import { type IresnetDepth, iresnet } from './iresnet.ts';
import { mobileFaceNet } from './mobile-face-net.ts';
import { tinyIresnet } from './tiny-iresnet.ts';

interface Backbone {
  readonly name: string;
  readonly build: (options: BackboneOptions) => Model;
  readonly size: number;
  readonly d: number;
  /** As PyTorch counts the parameters of the same modules. */
  readonly parameters: number;
}

const resnet = (depth: IresnetDepth, parameters: number): Backbone => ({
  name: `iresnet${depth}`,
  build: (options) => iresnet({ depth, ...options }),
  size: 112,
  d: 512,
  parameters,
});

const BACKBONES: readonly Backbone[] = [
  { name: 'tinyIresnet', build: tinyIresnet, size: 56, d: 256, parameters: 2_278_368 },
  { name: 'mobileFaceNet', build: mobileFaceNet, size: 112, d: 128, parameters: 1_003_136 },
  resnet(18, 24_025_600),
  resnet(34, 34_139_328),
  resnet(50, 43_590_848),
  resnet(100, 65_156_160),
];

const isParameter = (name: string): boolean => /\.(weight|bias)$/.test(name);

describe.each(BACKBONES)('$name', ({ build, size, d, parameters }) => {
  const model = build({ weights: 'zeros' });

  test('has as many parameters as it should', () => {
    const sizes = graphOf(model)
      .initializer.filter(({ name }) => isParameter(name))
      .map(({ dims }) => dims.reduce((product, dim) => product * Number(dim), 1));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(parameters);
  });

  // The deeper ones are the same blocks, more of them.
  if (parameters < 25e6) {
    test('maps images to embeddings, whatever the batch', async () => {
      const session = await openModel(model);
      for (const batch of [1, 2]) {
        const data = randomTensor('float32', [batch, 3, size, size], 1, (u) => 255 * u);
        const { embedding } = await session.run({ data });
        expect(embedding!.dims).toEqual([batch, d]);
      }
      await session.release();
    });
  }

  test('trains all its parameters but those that are fixed', () => {
    const form = trainingForm(model);
    const fixed = d === 512 ? ['features.weight'] : [];
    const names = graphOf(model).initializer.map(({ name }) => name);
    const expected = names.filter((name) => isParameter(name) && !fixed.includes(name));
    expect(form.parameters.map(({ name }) => name)).toEqual(expected);
    expect(form.statistics.map(({ name }) => name)).toEqual(
      names.filter((name) => name.includes('running_')),
    );
  });
});

describe('tinyIresnet', () => {
  const weight = (model: Model, name: string): Float32Array =>
    readTensor(graphOf(model).initializer.find((tensor) => tensor.name === name)!).data as Float32Array;

  test('starts from the same weights for the same seed, from others for another', () => {
    const model = tinyIresnet({ seed: 3 });
    checkModel(model);
    expect(Buffer.compare(encodeModel(tinyIresnet({ seed: 3 })), encodeModel(model))).toBe(0);
    const other = tinyIresnet({ seed: 4 });
    for (const name of ['conv1.weight', 'layer3.0.conv2.weight', 'fc.weight', 'fc.bias'])
      expect(weight(other, name)).not.toEqual(weight(model, name));
  });

  test('starts as iresnet does', () => {
    const model = tinyIresnet();
    const moments = (values: Float32Array): { mean: number; std: number } => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return { mean, std: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) };
    };
    const { mean, std } = moments(weight(model, 'layer4.0.conv2.weight'));
    expect(mean).toBeCloseTo(0, 3);
    expect(std).toBeCloseTo(0.1, 3);
    const bound = 1 / Math.sqrt(4096);
    const fc = weight(model, 'fc.weight');
    expect(fc.every((value) => Math.abs(value) <= bound)).toBe(true);
    expect(moments(fc).std).toBeCloseTo(bound / Math.sqrt(3), 4);
    expect(weight(model, 'features.weight').every((value) => value === 1)).toBe(true);
    expect(weight(model, 'layer2.0.prelu.weight').every((value) => value === 0.25)).toBe(true);
    expect(weight(model, 'layer2.0.bn2.running_var').every((value) => value === 1)).toBe(true);
  });

  test('takes pixels of 0 to 255 as −1 to 1', async () => {
    const conv = readWeights(tinyIresnet(), ['conv1.weight']);
    expect(conv.get('conv1.weight')!.dims).toEqual([32, 3, 3, 3]);
    const session = await openModel(tinyIresnet());
    const gray = randomTensor('float32', [1, 3, 56, 56], 1, () => 127.5);
    const { embedding } = await session.run({ data: gray });
    const bias = readWeights(tinyIresnet(), ['fc.bias']).get('fc.bias')!;
    // Nothing but the bias is left of middle gray: √(1 + ε) is what the last normalisation divides by.
    Array.from(embedding!.data, Number).forEach((value, i) => {
      expect(value).toBeCloseTo(Number(bias.data[i]) / Math.sqrt(1 + 1e-5), 6);
    });
    await session.release();
  });
});

test.each<[string, () => Model]>([
  ['depth', () => iresnet({ depth: 20 as 18 })],
  ['embeddingSize', () => tinyIresnet({ embeddingSize: 0 })],
  ['dropout', () => tinyIresnet({ dropout: 1 })],
  ['seed', () => mobileFaceNet({ seed: 0.5 })],
])('names the setting out of its range: %s', (option, build) => {
  expect(build).toThrow(new RegExp(`${option} = `));
});

checkerAcceptsAll();
