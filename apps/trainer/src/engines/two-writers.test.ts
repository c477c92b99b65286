import { BACKBONE_NAMES, backbone } from '@cf/backbones';
import { encodeModel, type Model, onnxModel, readWeights, trainingForm, withWeights } from '@cf/onnx';
import { type LayersWeight, layersModel, layersWeights, setLayersWeights } from '@cf/tfjs/layers';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import { openOnnxNetwork } from './onnx-network.ts';

/** Initializers of the ONNX model that are no weights. */
const CONSTANTS: ReadonlySet<string> = new Set(['pixel_mean', 'pixel_scale', 'dropout.ratio']);

type Weights = Map<string, LayersWeight>;

beforeAll(async () => {
  await tf.setBackend('wasm');
});

test.each(BACKBONE_NAMES)(
  '%s has weights of the same names and shapes, and trains the same',
  async (name) => {
    const described = backbone(name, { weights: 'zeros' });
    const onnx = onnxModel(described);
    const layers = layersModel(described);
    expect(shapesOf(await layersWeights(layers))).toEqual(shapesOf(weightsOf(onnx)));
    expect(layers.trainableWeights).toHaveLength(trainingForm(onnx).parameters.length);
    layers.dispose();
  },
);

describe.each(BACKBONE_NAMES)('%s', (name) => {
  test('starts from the same bits', async () => {
    const described = backbone(name, { seed: 9 });
    const layers = layersModel(described);
    const weights = await layersWeights(layers);
    for (const [weight, { data }] of weightsOf(onnxModel(described))) {
      expect(Buffer.compare(bytesOf(weights.get(weight)!.data), bytesOf(data)), weight).toBe(0);
    }
    layers.dispose();
  });

  test('gives the same embeddings', async () => {
    const described = backbone(name, { weights: 'zeros' });
    const { inputSize: size, embeddingSize } = described;
    const layers = layersModel(described);
    const weights = shaken(await layersWeights(layers));
    setLayersWeights(layers, weights);
    const draw = random(77);
    const pixels = new Float32Array(2 * 3 * size * size).map(() => Math.floor(256 * draw()));
    const output = tf.tidy(
      () => layers.predict(tf.transpose(tf.tensor4d(pixels, [2, 3, size, size]), [0, 2, 3, 1])) as tf.Tensor,
    );
    const actual = Array.from(await output.data());
    output.dispose();
    layers.dispose();
    const onnx = await openOnnxNetwork(name, encodeModel(withWeights(onnxModel(described), weights)));
    const expected = await onnx.run(pixels, 2);
    await onnx.dispose();
    const scale = Math.max(...expected.map(Math.abs));
    expect(scale).toBeGreaterThan(0.1);
    expect(actual).toHaveLength(2 * embeddingSize);
    const worst = Math.max(...actual.map((value, at) => Math.abs(value - expected[at]!)));
    expect(worst / scale).toBeLessThan(1e-5);
  });
});

function weightsOf(model: Model): Weights {
  const names = model.graph!.initializer.map(({ name }) => name).filter((name) => !CONSTANTS.has(name));
  return readWeights(model, names) as Weights;
}

/** `name [dims]`, sorted: a layer whose scale is fixed has it last in tfjs. */
function shapesOf(weights: Weights): string[] {
  return [...weights].map(([name, { dims }]) => `${name} [${dims}]`).sort();
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Weights that tell all channels apart, and keep activations of order 1. */
function shaken(weights: Weights): Weights {
  const entries = [...weights].map(([name, weight], seed) => {
    const { dims, data } = weight;
    const fanIn = data.length / dims[0]!;
    const draw = random(seed + 1);
    const value = (): number => {
      if (name.endsWith('running_var')) return 0.5 + draw();
      if (dims.length === 1) return name.endsWith('.weight') ? 0.5 + draw() : draw() - 0.5;
      if (dims.length === 3) return draw() / 2;
      return (draw() - 0.5) * Math.sqrt(12 / fanIn);
    };
    return [name, { ...weight, data: data.map(value) }] as const;
  });
  return new Map(entries);
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
