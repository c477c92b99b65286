import { createLoss } from '@cf/core';
import { collectImages } from '@cf/data';
import { describe, expect, test } from 'vitest';
import { loadDataset } from '../dataset/load-dataset.ts';
import { networkConfigWith, withoutProgress } from '../testing.ts';
import { openBackend } from '../training/open-backend.ts';
import { firstNetworkState, type NetworkData, type NetworkMetrics } from './network-state.ts';
import { openEngine } from './open-engine.ts';
import { runNetwork } from './run-network.ts';

withoutProgress();

const FLAGS = { identities: 26, imagesPerIdentity: 8, epochs: 5, batch: 16 };
const STEPS = 50;

/** Drawn faces of 21 people. */
async function drawnFaces(): Promise<NetworkData> {
  const { data, evaluation, seed } = networkConfigWith(FLAGS);
  const policy = { onProblem: () => {}, strict: true };
  const { images, labels, names } = await loadDataset(data, evaluation, seed, policy);
  const shape = { channels: 3, height: 56, width: 56 } as const;
  const signal = new AbortController().signal;
  const store = await collectImages(images.load(shape, { ...policy, signal }), images.count, shape);
  const rows = Int32Array.from(store.indices.keys()).filter((row) => labels[store.indices[row]!]! >= 0);
  return { store, rows, labels: rows.map((row) => labels[store.indices[row]!]!), classes: names.length };
}

const faces = drawnFaces();

/** Losses of 50 steps of tiny-iresnet, dropout and augmentation included. */
async function curve(engine: string, head: string): Promise<readonly number[]> {
  const config = networkConfigWith({ ...FLAGS, engine, head, threads: 2 });
  const backend = await openBackend(head);
  const untrained = await openEngine(config);
  const network = await untrained.openTraining();
  const metrics: NetworkMetrics[] = [];
  const loss = createLoss(config.loss.name, config.loss.params);
  const data = await faces;
  const first = firstNetworkState(loss, data.classes, untrained.dim, config.seed);
  await runNetwork(config, network, data, backend, first, {
    label: 'test',
    signal: new AbortController().signal,
    onStep: (step) => metrics.push(step),
  });
  await network.dispose();
  await untrained.inference.dispose();
  await backend.dispose();
  return metrics.map(({ loss: value }) => value);
}

describe('the same seed gives the same training, whatever runs it', () => {
  const expected = curve('onnx', 'onnx');

  test.each([
    ['onnx', 'reference'],
    ['onnx', 'gpujs-cpu'],
    ['onnx', 'tfjs-wasm'],
    ['tfjs', 'tfjs-wasm'],
  ])('engine %s, head %s', async (engine, head) => {
    const [actual, reference] = [await curve(engine, head), await expected];
    expect(actual).toHaveLength(STEPS);
    const scale = reference[0]!;
    // Rounding differs, and what it comes to grows from step to step.
    for (const [step, loss] of reference.entries()) {
      const tolerance = (step < 3 ? 1e-4 : 0.05) * scale;
      expect(Math.abs(actual[step]! - loss), `step ${step + 1}: ${loss}`).toBeLessThan(tolerance);
    }
  });
});
