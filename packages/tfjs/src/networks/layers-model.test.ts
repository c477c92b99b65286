import { type BackboneOptions, backbone, defineBackbone } from '@cf/backbones';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import { layersModel } from './layers-model.ts';
import { layersWeights, setLayersWeights } from './layers-weights.ts';
import type { NamedWeight } from './weight-layout.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

test('what a backbone leaves as it is, training does too', () => {
  const model = layersModel(backbone('iresnet18', { weights: 'zeros' }));
  expect(model.getLayer('features').trainableWeights.map(({ originalName }) => originalName)).toEqual([
    'features/beta',
  ]);
  expect(model.getLayer('bn2').trainableWeights).toHaveLength(2);
  model.dispose();
});

describe.each(['tiny-iresnet', 'mobilefacenet'] as const)('%s', (name) => {
  const build = (options?: BackboneOptions): tfl.LayersModel => layersModel(backbone(name, options));

  test('maps pictures to embeddings', () => {
    const { inputSize, embeddingSize } = backbone(name);
    const model = build({ weights: 'zeros' });
    expect(model.inputs[0]!.shape).toEqual([null, inputSize, inputSize, 3]);
    expect(model.outputs[0]!.shape).toEqual([null, embeddingSize]);
    model.dispose();
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
    const loaded = await tfl.loadLayersModel(tf.io.fromMemory(saved!));
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
