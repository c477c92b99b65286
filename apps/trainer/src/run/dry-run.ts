import { availableMemory } from 'node:process';
import { createRandom } from '@cf/core';
import { sizeOf } from '@cf/onnx';
import { type Learner, train } from '@cf/training';
import type { Dataset } from '../dataset/dataset.ts';
import { labelsOf, type NamedSamples } from '../dataset/picture-samples.ts';
import { requireMemory } from '../engines/activation-memory.ts';
import { openEngine } from '../engines/open-engine.ts';
import { linearEmbedding } from '../features/linear-embedding.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { byteSize } from '../settings/byte-size.ts';
import { leftOutOfEpoch } from '../settings/left-out-of-epoch.ts';
import { lossOf } from '../settings/loss-of.ts';
import { samplerOf } from '../settings/sampler-of.ts';
import type { EmbeddingTraining, NetworkTraining, TrainConfig } from '../settings/train-config.ts';
import { trainingOptions } from '../settings/training-options.ts';
import { requireBatchSize } from './batch-size.ts';
import { openEmbedding } from './embedding-subject.ts';
import { requireGivenHead } from './given-head.ts';
import { requireInitial } from './initial-state.ts';
import type { Job } from './job.ts';
import { openShadows } from './open-shadows.ts';
import { warmUpWarning } from './schedule-notes.ts';
import { type JobOptions, withJob } from './with-job.ts';

/** What a training would be. Sizes in memory are bytes. */
export interface DryRun {
  /** Of one sample, such as [3, 112, 112]. */
  readonly input: readonly number[];
  /** d. */
  readonly embeddingSize: number;
  readonly identities: number;
  readonly images: number;
  readonly pairs: number;
  /** Numbers of the learner that train. */
  readonly parameters: number;
  /** Numbers of the class centers. */
  readonly centerParameters: number;
  readonly memory: {
    /** Weights and class centers, their gradients, and the optimiser's numbers. */
    readonly parameters: number;
    /** Of a batch, between the way forward and the way back: a lower bound. */
    readonly activations: number;
    /** Pictures, or their features, that are kept. */
    readonly data: number;
    readonly free: number;
  };
  readonly batch: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  readonly steps: number;
  /** Of the steps that were tried. */
  readonly secondsPerStep: number;
  /** Of all steps, and of features where they are taken first; scores, and reading pictures, come on top. */
  readonly seconds: number;
  /** What an epoch leaves out, and a warning of a warm-up that does not end: a sentence each. */
  readonly notes: readonly string[];
}

/** Steps that are taken: the first one also sets up what the others find. */
const TRIED = 3;

/**
 * All that can be said of a training before it: what it is given is opened and checked, and a few steps are taken on
 * noise in place of pictures. Nothing is written.
 *
 * @throws as a training does for what can't be trained
 */
export function dryRun(config: TrainConfig, options: JobOptions): Promise<DryRun> {
  return withJob(config, { ...options, dry: true }, (job) =>
    config.train === 'all' ? ofNetwork({ ...job, config }) : ofEmbedding({ ...job, config }),
  );
}

async function ofNetwork(job: Job<NetworkTraining>): Promise<DryRun> {
  const { config, dataset, device } = job;
  const untrained = await openEngine(config, device);
  try {
    const { shape } = untrained.inference;
    const images = trainedOn(dataset).length;
    const activations = (await untrained.activationBytes()) * Math.min(config.batch, images);
    requireMemory(activations, 1);
    const network = await untrained.openTraining();
    try {
      await requireInitial(job.place.initFrom, config, network.learner);
      if (job.kept === undefined) await requireGivenHead(config, network.learner, dataset);
      requireBatchSize(config, images, network.smallestBatch);
      const input = [shape.channels, shape.height, shape.width];
      const { dataMemory } = config;
      const most =
        dataMemory === undefined ? Number.POSITIVE_INFINITY : byteSize('--data-memory', dataMemory);
      const data = Math.min(most, dataset.images.count * shape.channels * shape.height * shape.width);
      return await measured(job, network.learner, { input, activations, data, before: 0 });
    } finally {
      await network.dispose();
    }
  } finally {
    await untrained.inference.dispose();
  }
}

async function ofEmbedding(job: Job<EmbeddingTraining>): Promise<DryRun> {
  const { config, dataset, device } = job;
  const extractor = await openExtractor(config.features, device);
  try {
    const { count } = dataset.images;
    const mirrors = config.evaluation.flip ? 2 : 1;
    const secondsPerPicture = await featureSeconds(extractor);
    const { dim: inputDim } = extractor;
    const { features, dim, seed } = config;
    const rows = new Float32Array(2 * inputDim).fill(1);
    const network = await openEmbedding(
      linearEmbedding({ features, rows, inputDim, dim, seed }),
      config,
      device,
    );
    try {
      await requireInitial(job.place.initFrom, config, network.learner);
      if (job.kept === undefined) await requireGivenHead(config, network.learner, dataset);
      return await measured(job, network.learner, {
        input: [inputDim],
        activations: 4 * config.batch * (inputDim + dim),
        data: 4 * count * mirrors * inputDim,
        before: secondsPerPicture * count * mirrors,
      });
    } finally {
      await network.dispose();
    }
  } finally {
    await extractor.dispose();
  }
}

/** Seconds a picture, of one batch of noise. */
async function featureSeconds(extractor: Awaited<ReturnType<typeof openExtractor>>): Promise<number> {
  const { shape, batch } = extractor;
  const random = createRandom('dry run');
  const pictures = Array.from({ length: batch }, () => ({
    ...shape,
    data: Uint8Array.from({ length: shape.channels * shape.height * shape.width }, () =>
      random.integer(0, 255),
    ),
  }));
  const started = performance.now();
  await extractor.extract(pictures as never);
  return (performance.now() - started) / 1000 / batch;
}

/** What is known of a learner before its steps are timed. */
interface Known {
  readonly input: readonly number[];
  readonly activations: number;
  readonly data: number;
  /** Seconds before the first step. */
  readonly before: number;
}

async function measured(
  { config, dataset, backend, signal }: Job<TrainConfig>,
  learner: Learner,
  { input, activations, data, before }: Known,
): Promise<DryRun> {
  const samples = noiseSamples(dataset, input);
  const options = trainingOptions(config);
  const sampler = samplerOf(config, samples);
  const perEpoch = sampler.steps;
  const head = await backend.createHead(lossOf(config, samples), { subCenters: config.subCenters });
  const seconds: number[] = [];
  const { shadows, dispose } = await openShadows(backend, config, samples);
  try {
    const task = { learner, head, samples, sampler, options, signal, ...(shadows && { shadows }) };
    for await (const event of train(task)) {
      if (event.type !== 'step') continue;
      const size = Math.min(samples.count, config.batch * config.accumulate);
      seconds.push(size / event.metrics.imagesPerSecond);
      if (seconds.length === TRIED) break;
    }
  } finally {
    dispose();
    head.dispose();
  }
  signal.throwIfAborted();
  const tensors = await learner.state();
  const count = (prefix: string): number =>
    [...tensors].reduce((sum, [name, one]) => sum + (name.startsWith(prefix) ? one.data.length : 0), 0);
  const parameters = count('weights/');
  const centerParameters = samples.classes.length * config.subCenters * learner.embeddingSize;
  const moments = config.optimiser === 'adamw' ? 2 : 1;
  // The first step is not like the others.
  const secondsPerStep = Math.min(...seconds);
  const steps = perEpoch * config.epochs;
  return {
    input,
    embeddingSize: learner.embeddingSize,
    identities: dataset.names.length,
    images: samples.count,
    pairs: dataset.verification.pairs.length,
    parameters,
    centerParameters,
    memory: {
      parameters: 4 * (parameters + centerParameters) * (2 + moments),
      activations,
      data,
      free: availableMemory(),
    },
    batch: config.batch,
    stepsPerEpoch: perEpoch,
    epochs: config.epochs,
    steps,
    secondsPerStep,
    seconds: before + steps * secondsPerStep * (config.evaluation.control ? 2 : 1),
    notes: [leftOutOfEpoch(config, samples.count, sampler), warmUpWarning(config, samples.count)].filter(
      (note) => note !== undefined,
    ),
  };
}

function trainedOn({ labels }: Dataset): Int32Array {
  return Int32Array.from(labels.keys()).filter((index) => labels[index]! >= 0);
}

/** Noise in place of the pictures. */
function noiseSamples(dataset: Dataset, input: readonly number[]): NamedSamples {
  const size = sizeOf(input);
  return {
    ...labelsOf(dataset, trainedOn(dataset)),
    batch(indices) {
      const random = createRandom(`dry run ${indices[0]}`);
      const values = Float32Array.from({ length: indices.length * size }, () => random.integer(0, 255));
      return { values, shape: [indices.length, ...input] };
    },
  };
}
