import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoss } from '@cf/core';
import { createRandom } from '@cf/data';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNetworkCheckpoint, writeNetworkCheckpoint } from '../../network/network-checkpoint.ts';
import { runNetwork } from '../../network/run-network.ts';
import { RUN_FILES } from '../../run/run-folder.ts';
import { firstNetworkState, type NetworkData, type TrainedNetwork } from '../../run/subject.ts';
import { failureOf, networkConfigWith, temporaryFolder, withoutProgress } from '../../testing.ts';
import { openBackend } from '../open-backend.ts';
import { openEngine } from '../open-engine.ts';
import { layersFiles } from './layers-file.ts';

withoutProgress();

const SIDE = 8;
const CLASSES = 5;

/** A small network with a normalisation, a dropout, and a model inside it. */
function smallLayers(noise?: tf.layers.Layer): tf.LayersModel {
  const seeded = (seed: number): ReturnType<typeof tf.initializers.glorotUniform> =>
    tf.initializers.glorotUniform({ seed });
  const inner = tf.sequential({ name: 'inner' });
  inner.add(
    tf.layers.conv2d({
      inputShape: [SIDE, SIDE, 3],
      filters: 4,
      kernelSize: 3,
      strides: 2,
      kernelInitializer: seeded(1),
    }),
  );
  inner.add(tf.layers.batchNormalization({ momentum: 0.9 }));
  const input = tf.input({ shape: [SIDE, SIDE, 3] });
  let x = tf.layers.rescaling({ scale: 1 / 127.5, offset: -1 }).apply(input) as tf.SymbolicTensor;
  x = inner.apply(x) as tf.SymbolicTensor;
  x = tf.layers.flatten().apply(tf.layers.reLU().apply(x)) as tf.SymbolicTensor;
  x = (noise ?? tf.layers.dropout({ rate: 0.4 })).apply(x) as tf.SymbolicTensor;
  const output = tf.layers.dense({ units: 6, kernelInitializer: seeded(2) }).apply(x);
  return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
}

async function save(files: TrainedNetwork['files'], folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, RUN_FILES[name]), bytes);
  return join(folder, RUN_FILES.layers);
}

function pictures(): NetworkData {
  const random = createRandom('small pictures');
  const size = 3 * SIDE * SIDE;
  const count = 40;
  const rows = Int32Array.from({ length: count }, (_, i) => i);
  const pixels = Uint8Array.from({ length: count * size }, () => random.integer(0, 255));
  const store = { count, channels: 3, height: SIDE, width: SIDE, indices: rows, pixels } as const;
  return { store, rows, labels: rows.map((i) => i % CLASSES), classes: CLASSES };
}

describe('a layers model from its files', () => {
  let file: string;
  let folder: string;
  const data = pictures();
  const config = (path: string): ReturnType<typeof networkConfigWith> =>
    networkConfigWith({
      backbone: `tfjs:${path}`,
      head: 'tfjs-cpu',
      dim: 6,
      epochs: 3,
      batch: 8,
      lr: 0.1,
      augmentShift: 1,
    });

  beforeAll(async () => {
    await tf.setBackend('cpu');
    folder = await temporaryFolder();
    file = await save(await layersFiles(smallLayers()), join(folder, 'before'));
  });

  afterAll(() => tf.disposeVariables());

  test('is trained, kept, and read again as it was kept; an interrupted training ends in the same bits', async () => {
    const training = config(file);
    const backend = await openBackend('tfjs-cpu');
    const untrained = await openEngine(training);
    expect(untrained).toMatchObject({ name: 'model.json', dim: 6, shape: { height: SIDE, width: SIDE } });
    const loss = createLoss(training.loss.name, training.loss.params);
    const first = firstNetworkState(loss, CLASSES, untrained.dim, training.seed);
    const owner = { network: untrained.fingerprint, dim: untrained.dim };
    const path = join(folder, 'checkpoint.safetensors');
    const straight = await untrained.openTraining();
    const states: number[] = [];
    const hooks = { label: 'test', signal: new AbortController().signal };
    const end = await runNetwork(training, straight, data, backend, first, {
      ...hooks,
      onCheckpoint: async (state) => {
        if (states.push(state.step) === 1) await writeNetworkCheckpoint(path, straight, state, owner);
      },
    });
    expect(states).toEqual([5, 10, 15]);

    const resumed = await untrained.openTraining();
    const state = await readNetworkCheckpoint(path, resumed, first, owner);
    expect(state.step).toBe(5);
    expect(await runNetwork(training, resumed, data, backend, state, hooks)).toEqual(end);
    const [a, b] = [await straight.trained(), await resumed.trained()];
    for (const [name, bytes] of a.files)
      expect(Buffer.from(b.files.get(name)!).equals(bytes), name).toBe(true);

    const pixels = Float32Array.from({ length: 2 * 3 * SIDE * SIDE }, (_, i) => (i * 37) % 256);
    const trained = await a.inference.run(pixels, 2);
    expect(trained).not.toEqual(await untrained.inference.run(pixels, 2));
    const again = await openEngine(config(await save(a.files, join(folder, 'after'))));
    expect(await again.inference.run(pixels, 2)).toEqual(trained);
  }, 60_000);

  test('leaves no tensor behind but its own, step after step', async () => {
    const training = config(file);
    const backend = await openBackend('tfjs-cpu');
    const untrained = await openEngine(training);
    const network = await untrained.openTraining();
    const loss = createLoss(training.loss.name, training.loss.params);
    const head = await backend.createHead(loss);
    const { centers, lossState } = firstNetworkState(loss, CLASSES, 6, 0);
    const step = async (): Promise<number> => {
      const target = { weights: centers, labels: Int32Array.of(0, 1, 2), state: lossState };
      const images = new Float32Array(3 * 3 * SIDE * SIDE).fill(100);
      await network.learn({ images, shape: [3, 3, SIDE, SIDE], step: 0, share: 1, target }, head);
      await network.update(0.01);
      return tf.memory().numTensors;
    };
    const before = await step();
    for (let i = 0; i < 3; i++) expect(await step()).toBe(before);
  });

  test.each([
    ['a missing file', async () => join(folder, 'none', 'model.json'), /ENOENT/],
    [
      'a broken one',
      async () => {
        const path = join(folder, 'broken.json');
        await writeFile(path, '{ "modelTopology": ');
        return path;
      },
      /broken\.json/,
    ],
    [
      'weights cut short',
      async () => {
        const files = new Map(await layersFiles(smallLayers()));
        files.set('layersWeights', files.get('layersWeights')!.subarray(0, 40));
        return save(files, join(folder, 'short'));
      },
      /model\.json/,
    ],
    [
      'noise without a seed',
      async () =>
        save(await layersFiles(smallLayers(tf.layers.gaussianNoise({ stddev: 1 }))), join(folder, 'noise')),
      /GaussianNoise 'gaussian_noise\w*', whose draws take no seed/,
    ],
  ])('%s is told before anything is trained', async (_, make, message) => {
    const path = await make();
    const error = await failureOf(() => openEngine(config(path)));
    expect(error).toMatchObject({ code: 'E_BACKBONE' });
    expect(error.message).toMatch(message);
  });
});

test('running variances are those of the other engine: unbiased', async () => {
  const flags = {
    identities: 6,
    epochs: 1,
    batch: 4,
    lr: 1e-9,
    scale: 16,
    augmentFlip: false,
    augmentShift: 0,
  };
  const random = createRandom('pictures of one step');
  const pixels = Uint8Array.from({ length: 4 * 3 * 56 * 56 }, () => random.integer(0, 255));
  const rows = Int32Array.of(0, 1, 2, 3);
  const store = { count: 4, channels: 3, height: 56, width: 56, indices: rows, pixels } as const;
  const data = { store, rows, labels: rows, classes: 4 };
  const embeddings: Float32Array[] = [];
  for (const [engine, head] of [
    ['onnx', 'onnx'],
    ['tfjs', 'tfjs-wasm'],
  ] as const) {
    const training = networkConfigWith({
      ...flags,
      engine,
      head,
      ...(engine === 'onnx' ? { threads: 1 } : {}),
    });
    const backend = await openBackend(head);
    const untrained = await openEngine(training);
    const network = await untrained.openTraining();
    const loss = createLoss(training.loss.name, training.loss.params);
    const first = firstNetworkState(loss, 4, untrained.dim, 0);
    await runNetwork(training, network, data, backend, first, {
      label: 'test',
      signal: new AbortController().signal,
    });
    const { inference } = await network.trained();
    embeddings.push(await inference.run(Float32Array.from(pixels), 4));
    await inference.dispose();
    await network.dispose();
  }
  const [onnx, tfjs] = embeddings as [Float32Array, Float32Array];
  // Of four pictures in one place: n / (n − 1) is 4/3, far above this.
  const size = Math.max(...onnx.map(Math.abs));
  for (const [at, value] of onnx.entries()) expect(Math.abs(tfjs[at]! - value)).toBeLessThan(1e-3 * size);
}, 120_000);
