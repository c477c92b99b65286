import { openPictureStream } from '@cf/data/node';
import type { StepMetrics } from '@cf/training';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadDataset } from '../dataset/load-dataset.ts';
import { type NamedSamples, pictureSamples } from '../dataset/picture-samples.ts';
import { runTraining } from '../run/run-training.ts';
import { networkConfigWith, withoutProgress } from '../testing.ts';
import { openBackend } from './open-backend.ts';
import { openEngine } from './open-engine.ts';

withoutProgress();

const FLAGS = {
  identities: 26,
  imagesPerIdentity: 8,
  epochs: 2,
  batch: 16,
  lr: 0.02,
  scale: 16,
  margin: 0.3,
};
const STEPS = 20;

/** Drawn faces of 21 people. */
async function drawnFaces(): Promise<NamedSamples> {
  const { data, evaluation, seed, augmentation } = networkConfigWith(FLAGS);
  const policy = { onProblem: () => {}, strict: true };
  const dataset = await loadDataset(data, evaluation, seed, policy);
  const { images } = dataset;
  const shape = { channels: 3, height: 56, width: 56 } as const;
  const stream = await openPictureStream(images.sources, { ...shape, ...policy });
  return pictureSamples(stream, dataset, augmentation);
}

/** Losses of 20 steps of tiny-iresnet, dropout and augmentation included. */
async function curve(samples: NamedSamples, engine: string, head: string): Promise<readonly number[]> {
  const config = networkConfigWith({ ...FLAGS, engine, head, ...(engine === 'onnx' ? { threads: 2 } : {}) });
  const backend = await openBackend(head);
  const untrained = await openEngine(config);
  const network = await untrained.openTraining();
  const metrics: StepMetrics[] = [];
  const { signal } = new AbortController();
  const training = { config, backend, learner: network.learner, samples, signal };
  await runTraining(training, { label: 'test', onStep: (step) => metrics.push(step) });
  await network.dispose();
  await untrained.inference.dispose();
  await backend.dispose();
  return metrics.map(({ loss: value }) => value);
}

/** Means of ten losses each. */
function tens(losses: readonly number[]): readonly number[] {
  return losses.flatMap((_, at) =>
    at % 10 === 0 ? [losses.slice(at, at + 10).reduce((sum, loss) => sum + loss, 0) / 10] : [],
  );
}

describe('the same seed gives the same training, whatever runs it', () => {
  let faces: NamedSamples;
  let expected: readonly number[];

  beforeAll(async () => {
    faces = await drawnFaces();
    expected = await curve(faces, 'onnx', 'onnx');
  });

  for (const [engine, head] of [
    ['onnx', 'reference'],
    ['onnx', 'gpujs-cpu'],
    ['onnx', 'tfjs-wasm'],
    ['tfjs', 'tfjs-wasm'],
  ] as const) {
    test(`engine ${engine}, head ${head}: ${STEPS} steps`, async () => {
      const actual = await curve(faces, engine, head);
      expect(actual).toHaveLength(STEPS);
      // Rounding turns negatives from easy to hard, and what that comes to grows from step to step.
      for (const step of [0, 1, 2]) expect(actual[step]! / expected[step]!).toBeCloseTo(1, 3);
      const means = tens(expected);
      tens(actual).forEach((mean, at) => {
        expect(Math.abs(mean / means[at]! - 1), `steps from ${10 * at}: ${means[at]}`).toBeLessThan(0.1);
      });
    });
  }
});
