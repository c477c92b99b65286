import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import type { NetworkOptions } from './layers-builder.ts';
import { layersWeights, setLayersWeights } from './layers-weights.ts';
import { mobileFaceNetLayers } from './mobile-face-net.ts';
import { permuted } from './permuted.ts';
import { tinyIresnetLayers } from './tiny-iresnet.ts';
import type { NamedWeight } from './weight-layout.ts';

/** What is used of `@cf/onnx`, which this package does not depend on. */
interface Onnx {
  tinyIresnet(options: NetworkOptions): OnnxModel;
  mobileFaceNet(options: NetworkOptions): OnnxModel;
  readWeights(model: unknown, names: Iterable<string>): Map<string, NamedWeight>;
  withWeights(model: unknown, weights: ReadonlyMap<string, NamedWeight>): unknown;
  encodeModel(model: unknown): Uint8Array;
}

interface OnnxModel {
  readonly graph?: { readonly initializer: readonly { readonly name: string }[] };
}

interface Network {
  readonly name: string;
  readonly build: (options?: NetworkOptions) => tf.LayersModel;
  readonly inOnnx: 'tinyIresnet' | 'mobileFaceNet';
  readonly size: number;
  readonly d: number;
  readonly parameters: number;
}

const NETWORKS: readonly Network[] = [
  {
    name: 'tinyIresnetLayers',
    build: tinyIresnetLayers,
    inOnnx: 'tinyIresnet',
    size: 56,
    d: 256,
    parameters: 2_278_368,
  },
  {
    name: 'mobileFaceNetLayers',
    build: mobileFaceNetLayers,
    inOnnx: 'mobileFaceNet',
    size: 112,
    d: 128,
    parameters: 1_003_136,
  },
];
const ONNX = new URL('../../../onnx/', import.meta.url);
const hasOnnx = existsSync(new URL('node_modules/onnxruntime-node', ONNX));

beforeAll(async () => {
  await tf.setBackend('wasm');
});

describe.each(NETWORKS)('$name', ({ build, size, d, parameters }) => {
  test('has as many parameters as it should', () => {
    const model = build({ weights: 'zeros' });
    const sizes = model.trainableWeights.map(({ shape }) => tf.util.sizeFromShape(shape as number[]));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(parameters);
    expect(model.outputs[0]!.shape).toEqual([null, d]);
    expect(model.inputs[0]!.shape).toEqual([null, size, size, 3]);
    model.dispose();
  });

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

  test('refuses weights that it does not know how to start from', () => {
    const options = { weights: 'seedd' as 'seeded' };
    expect(() => build(options)).toThrow('weights = "seedd", expected one of "seeded", "zeros"');
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

describe.skipIf(!hasOnnx).each(NETWORKS)('$name and its ONNX model (needs onnxruntime-node)', (network) => {
  let onnx: Onnx;

  beforeAll(async () => {
    onnx = (await import(/* @vite-ignore */ new URL('src/index.ts', ONNX).href)) as Onnx;
  });

  test('have the same weights, with the same names, from the same seed', async () => {
    const inOnnx = onnx[network.inOnnx]({ seed: 9 });
    const model = network.build({ seed: 9 });
    const weights = await layersWeights(model);
    const names = inOnnx.graph!.initializer.map(({ name }) => name);
    const constants = ['pixel_mean', 'pixel_scale', 'dropout.ratio'];
    expect(names.filter((name) => !weights.has(name) && !constants.includes(name))).toEqual([]);
    expectSame(onnx.readWeights(inOnnx, weights.keys()), weights);
    model.dispose();
  });

  test('give the same embeddings for the same weights', async () => {
    const model = network.build({ weights: 'zeros' });
    const weights = shaken(await layersWeights(model));
    setLayersWeights(model, weights);
    const images = imagesOf(2, network.size);
    const actual = await embeddingsOf(model, images, network.size);
    const inOnnx = onnx.withWeights(onnx[network.inOnnx]({ weights: 'zeros' }), await layersWeights(model));
    const expected = await onnxEmbeddings(onnx.encodeModel(inOnnx), images, network.size);
    const scale = Math.max(...expected.map(Math.abs));
    expect(scale).toBeGreaterThan(0.1);
    expect(actual).toHaveLength(2 * network.d);
    actual.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-4 * scale);
    });
    model.dispose();
  });
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

/** Weights that tell all channels apart, and keep activations of order 1. */
function shaken(weights: ReadonlyMap<string, NamedWeight>): Map<string, NamedWeight> {
  const entries = [...weights].map(([name, { dims, data }], seed) => {
    const fanIn = data.length / dims[0]!;
    const draw = random(seed + 1);
    const value = (): number => {
      if (name.endsWith('running_var')) return 0.5 + draw();
      if (dims.length === 1) return name.endsWith('.weight') ? 0.5 + draw() : draw() - 0.5;
      if (dims.length === 3) return draw() / 2;
      return (draw() - 0.5) * Math.sqrt(12 / fanIn);
    };
    return [name, { dims, data: data.map(value) }] as const;
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

/** [N, 3, H, W]. */
function imagesOf(count: number, size: number): Float32Array {
  const draw = random(77);
  return new Float32Array(count * 3 * size * size).map(() => Math.floor(256 * draw()));
}

async function embeddingsOf(model: tf.LayersModel, images: Float32Array, size: number): Promise<number[]> {
  const channelsLast = permuted(images, [2, 3, size, size], [0, 2, 3, 1]);
  const output = tf.tidy(() => model.predict(tf.tensor(channelsLast, [2, size, size, 3])) as tf.Tensor);
  const values = Array.from(await output.data());
  output.dispose();
  return values;
}

async function onnxEmbeddings(model: Uint8Array, images: Float32Array, size: number): Promise<number[]> {
  const ort = createRequire(fileURLToPath(new URL('package.json', ONNX)))('onnxruntime-node') as {
    InferenceSession: { create(model: Uint8Array): Promise<OrtSession> };
    Tensor: new (type: string, data: Float32Array, dims: number[]) => unknown;
  };
  const session = await ort.InferenceSession.create(model);
  const { embedding } = await session.run({ data: new ort.Tensor('float32', images, [2, 3, size, size]) });
  const values = Array.from(embedding!.data);
  await session.release();
  return values;
}

interface OrtSession {
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array }>>;
  release(): Promise<void>;
}
