import {
  BACKBONE_NAMES,
  type BackboneName,
  type BackboneOptions,
  backbone,
  defineBackbone,
} from '@cf/backbones';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import { layersModel } from './layers-model.ts';
import { layersWeights, setLayersWeights } from './layers-weights.ts';
import type { NamedWeight } from './weight-layout.ts';

/** As PyTorch counts the parameters that it trains. */
const TRAINED: Readonly<Record<BackboneName, number>> = {
  'tiny-iresnet': 2_278_368,
  mobilefacenet: 1_003_136,
  iresnet18: 24_025_600 - 512,
  iresnet34: 34_139_328 - 512,
  iresnet50: 43_590_848 - 512,
  iresnet100: 65_156_160 - 512,
};

beforeAll(async () => {
  await tf.setBackend('wasm');
});

test.each(BACKBONE_NAMES)('%s trains as many parameters as it should', (name) => {
  const described = backbone(name, { weights: 'zeros' });
  const { embeddingSize, inputSize } = described;
  const model = layersModel(described);
  const sizes = model.trainableWeights.map(({ shape }) => tf.util.sizeFromShape(shape as number[]));
  expect(sizes.reduce((a, b) => a + b, 0)).toBe(TRAINED[name]);
  expect(model.outputs[0]!.shape).toEqual([null, embeddingSize]);
  expect(model.inputs[0]!.shape).toEqual([null, inputSize, inputSize, 3]);
  model.dispose();
});

describe.each(['tiny-iresnet', 'mobilefacenet'] as const)('%s', (name) => {
  const build = (options?: BackboneOptions): tf.LayersModel => layersModel(backbone(name, options));

  test('starts from the same weights for the same seed, from others for another', async () => {
    const models = [build({ seed: 3 }), build({ seed: 3 }), build({ seed: 4 })];
    const [first, second, third] = await Promise.all(models.map((model) => layersWeights(model)));
    expectSame(second!, first!);
    for (const [name, { data }] of first!) {
      const isDrawn = data.some((value) => value !== data[0]);
      if (isDrawn) expect(Buffer.compare(bytesOf(third!.get(name)!.data), bytesOf(data)), name).not.toBe(0);
    }
    for (const model of models) model.dispose();
  });

  test('takes and gives back weights bit by bit', async () => {
    const [from, to] = [build({ seed: 5 }), build({ weights: 'zeros' })];
    const weights = await layersWeights(from);
    setLayersWeights(to, weights);
    expectSame(await layersWeights(to), weights);
    from.dispose();
    to.dispose();
  });

  test('comes back from a saved model', async () => {
    const model = build({ seed: 6 });
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
    expectSame(await layersWeights(loaded), await layersWeights(model));
    model.dispose();
    loaded.dispose();
  });

  test('leaves no tensor behind once it is disposed of', async () => {
    const { numTensors } = tf.memory();
    const model = build();
    await layersWeights(model);
    model.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

test('groups that TensorFlow.js does not have are refused', () => {
  const grouped = defineBackbone({
    name: 'grouped',
    inputSize: 1,
    embeddingSize: 4,
    convStd: () => 1,
    layers: (net) => {
      const x = net.conv(net.pixels(1), 'wide', { from: 3, to: 4, kernel: 1 });
      return net.flatten(net.conv(x, 'grouped', { from: 4, to: 4, kernel: 1, groups: 2 }), 'flatten');
    },
  });
  expect(() => layersModel(grouped)).toThrow('groups = 2, expected one of 1, 4');
});

/** The same names, shapes and bits. */
function expectSame(
  actual: ReadonlyMap<string, NamedWeight>,
  expected: ReadonlyMap<string, NamedWeight>,
): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { dims, data }] of expected) {
    const weight = actual.get(name)!;
    expect(weight.dims, name).toEqual(dims);
    expect(Buffer.compare(bytesOf(weight.data), bytesOf(data)), name).toBe(0);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
