import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '@cf/core';
import { streamOfStore } from '@cf/data/node';
import { decodeModel, readWeights } from '@cf/onnx';
import type { TrainingState } from '@cf/training';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pictureSamples } from '../../dataset/picture-samples.ts';
import { readCheckpoint, writeCheckpoint } from '../../run/checkpoint.ts';
import { RUN_FILES } from '../../run/run-folder.ts';
import { runTraining } from '../../run/run-training.ts';
import {
  failureOf,
  networkConfigWith,
  patternData,
  temporaryFolder,
  withoutProgress,
} from '../../testing.ts';
import type { TrainedNetwork } from '../network-in-training.ts';
import { openBackend } from '../open-backend.ts';
import { openEngine } from '../open-engine.ts';
import { layersFiles } from './layers-file.ts';

withoutProgress();

const SIDE = 8;
const CLASSES = 5;

/** A small network with a normalisation, a dropout, and a model inside it. */
function smallLayers(noise?: tfl.layers.Layer): tfl.LayersModel {
  const seeded = (seed: number): ReturnType<typeof tfl.initializers.glorotUniform> =>
    tfl.initializers.glorotUniform({ seed });
  const inner = tfl.sequential({ name: 'inner' });
  inner.add(
    tfl.layers.conv2d({
      inputShape: [SIDE, SIDE, 3],
      filters: 4,
      kernelSize: 3,
      strides: 2,
      kernelInitializer: seeded(1),
    }),
  );
  inner.add(tfl.layers.batchNormalization({ momentum: 0.9 }));
  const input = tfl.input({ shape: [SIDE, SIDE, 3] });
  let x = tfl.layers.rescaling({ scale: 1 / 127.5, offset: -1 }).apply(input) as tfl.SymbolicTensor;
  x = inner.apply(x) as tfl.SymbolicTensor;
  x = tfl.layers.flatten().apply(tfl.layers.reLU().apply(x)) as tfl.SymbolicTensor;
  x = (noise ?? tfl.layers.dropout({ rate: 0.4 })).apply(x) as tfl.SymbolicTensor;
  const output = tfl.layers.dense({ units: 6, kernelInitializer: seeded(2) }).apply(x);
  return tfl.model({ inputs: input, outputs: output as tfl.SymbolicTensor });
}

async function save(files: TrainedNetwork['files'], folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, RUN_FILES[name]), bytes);
  return join(folder, RUN_FILES.layers);
}

describe('a layers model from its files', () => {
  let file: string;
  let folder: string;
  const data = patternData(CLASSES, 8, SIDE, 3);
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
    expect(untrained).toMatchObject({
      name: 'model.json',
      inference: { dim: 6, shape: { height: SIDE, width: SIDE } },
    });
    const samples = pictureSamples(data.stream, data, training.augmentation);
    const { fingerprint } = untrained;
    const origin = { subject: { description: 'small', fingerprint }, pictures: [] };
    const path = join(folder, 'checkpoint.safetensors');
    const { signal } = new AbortController();
    const straight = await untrained.openTraining();
    const states: TrainingState[] = [];
    const given = { config: training, backend, samples, signal };
    const label = 'test';
    await runTraining(
      { ...given, learner: straight.learner },
      {
        label,
        onCheckpoint: async (state) => {
          states.push(structuredClone(state));
          if (state.step === 5) await writeCheckpoint(path, state, origin);
        },
      },
    );
    expect(states.map(({ step }) => step)).toEqual([0, 5, 10, 15]);

    const resumed = await untrained.openTraining();
    const { state } = await readCheckpoint(path);
    expect(state.step).toBe(5);
    const ends: TrainingState[] = [];
    await runTraining(
      { ...given, learner: resumed.learner, state },
      { label, onCheckpoint: async (reached) => void ends.push(reached) },
    );
    expect(ends.at(-1)).toEqual(states.at(-1));
    const [a, b] = [await straight.trained(), await resumed.trained()];
    for (const [name, bytes] of a.files)
      expect(Buffer.from(b.files.get(name)!).equals(bytes), name).toBe(true);

    const pixels = Float32Array.from({ length: 2 * 3 * SIDE * SIDE }, (_, i) => (i * 37) % 256);
    const trained = await a.inference.run(pixels, 2);
    expect(trained).not.toEqual(await untrained.inference.run(pixels, 2));
    const again = await openEngine(config(await save(a.files, join(folder, 'after'))));
    expect(await again.inference.run(pixels, 2)).toEqual(trained);
  });

  test('leaves no tensor behind but its own, step after step', async () => {
    const training = config(file);
    const backend = await openBackend('tfjs-cpu');
    const untrained = await openEngine(training);
    const { learner } = await untrained.openTraining();
    const samples = pictureSamples(data.stream, data, training.augmentation);
    const tensors: number[] = [];
    const { signal } = new AbortController();
    const onStep = (): unknown => tensors.push(tf.memory().numTensors);
    await runTraining({ config: training, backend, learner, samples, signal }, { label: 'test', onStep });
    expect(tensors).toHaveLength(15);
    expect(new Set(tensors).size).toBe(1);
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
        save(await layersFiles(smallLayers(tfl.layers.gaussianNoise({ stddev: 1 }))), join(folder, 'noise')),
      /GaussianNoise 'gaussian_noise\w*', whose draws take no seed/,
    ],
  ])('%s is told before anything is trained', async (_, make, message) => {
    const path = await make();
    const error = await failureOf(() => openEngine(config(path)));
    expect(error).toMatchObject({ code: 'E_BACKBONE' });
    expect(error.message).toMatch(message);
  });
});

test.each([
  { backbone: 'tiny-iresnet', lr: 1e-9, count: 4, side: 56 },
  { backbone: 'iresnet18', lr: 1e-3, count: 3, side: 112 },
])('a step of $backbone is that of the other engine, with unbiased running variances', async (one) => {
  const { backbone, lr, count, side } = one;
  const flags = {
    backbone,
    identities: 6,
    epochs: 1,
    batch: count,
    lr,
    scale: 16,
    augmentFlip: false,
    augmentShift: 0,
  };
  const random = createRandom('pictures of one step');
  const pixels = Uint8Array.from({ length: count * 3 * side ** 2 }, () => random.integer(0, 255));
  const labels = Int32Array.from({ length: count }, (_, i) => i);
  const store = { count, channels: 3, height: side, width: side, indices: labels, pixels } as const;
  const names = Array.from(labels, String);
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
    const samples = pictureSamples(streamOfStore(store), { labels, names }, training.augmentation);
    const { signal } = new AbortController();
    const given = { config: training, backend, learner: network.learner, samples, signal };
    await runTraining(given, { label: 'test' });
    const { inference, files, model: exported } = await network.trained();
    embeddings.push(await inference.run(Float32Array.from(pixels), count));
    const model = exported ?? decodeModel(files.get('network')!);
    const scale = readWeights(model, ['features.weight']).get('features.weight')!.data as Float32Array;
    // What iresnet says of its last normalisation holds in both engines.
    if (backbone === 'iresnet18') expect(scale.every((value) => value === 1)).toBe(true);
    await inference.dispose();
    await network.dispose();
  }
  const [onnx, tfjs] = embeddings as [Float32Array, Float32Array];
  // Of so few pictures in one place: n / (n − 1) is 4/3 or more, far above this.
  const size = Math.max(...onnx.map(Math.abs));
  for (const [at, value] of onnx.entries()) expect(Math.abs(tfjs[at]! - value)).toBeLessThan(1e-3 * size);
});
