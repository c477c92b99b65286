import { createLoss } from '@cf/core';
import { collectImages, type ImageStore } from '@cf/data';
import { imagesOfPairs, readablePairs } from '../dataset/verification-pairs.ts';
import { UsageError } from '../errors.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import type { EmbeddingNetwork } from '../features/onnx-network.ts';
import { trainReport } from '../report/train-report.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { openMetrics, type RunFolder, readMetrics, trimMetrics } from '../run/run-folder.ts';
import type { NetworkTraining } from '../settings/train-config.ts';
import { type Job, nothingToTrainOn, type TrainOutcome, tellLeftOut } from '../training/job.ts';
import { type TrainingFit, trainingFit } from '../training/training-fit.ts';
import { startProgress } from '../ui/progress.ts';
import { type NamedResult, resultsAsJson, scoreModel } from '../verification/score-model.ts';
import { requireMemory } from './activation-memory.ts';
import { type CheckpointOwner, readNetworkCheckpoint, writeNetworkCheckpoint } from './network-checkpoint.ts';
import {
  firstNetworkState,
  type NetworkData,
  type NetworkMetrics,
  type NetworkState,
  type TrainableNetwork,
  type TrainedNetwork,
} from './network-state.ts';
import { openEngine } from './open-engine.ts';
import type { UntrainedNetwork } from './open-network.ts';
import { runNetwork, withShuffledLabels } from './run-network.ts';
import { embedStore } from './store-embeddings.ts';
import { storePixels } from './store-pixels.ts';

interface NetworkJob extends Job<NetworkTraining> {
  readonly untrained: UntrainedNetwork;
  readonly run: RunFolder;
  readonly store: ImageStore;
  readonly data: NetworkData;
}

/** Pictures to a network that is trained end to end, pairs to scores, everything into a run folder. */
export async function trainNetwork(job: Job<NetworkTraining>): Promise<TrainOutcome> {
  const { config, place } = job;
  if (place.featuresFrom !== undefined) {
    throw new UsageError(
      '--features-from, and a network to train',
      'one of them',
      'features change with every step here; leave the flag out, or add --train embedding.',
    );
  }
  const untrained = await openEngine(config);
  try {
    const images = job.dataset.labels.filter((label) => label >= 0).length;
    requireMemory(await untrained.activationBytes(), Math.min(config.batch, images));
    const network = await untrained.openTraining();
    try {
      // Only now: input that can't be used leaves no folder behind.
      const run = await place.open();
      const store = await loadPictures(job, untrained);
      const data = networkData(job, store);
      return await trainOnPictures({ ...job, untrained, run, store, data }, network);
    } finally {
      await network.dispose();
    }
  } finally {
    await untrained.inference.dispose();
  }
}

/** Decodes or draws every picture once. */
async function loadPictures(
  { dataset, policy, signal }: Job<NetworkTraining>,
  { shape }: UntrainedNetwork,
): Promise<ImageStore> {
  const { images } = dataset;
  const progress = startProgress('pictures', images.count, 'images');
  const onProgress = ({ done }: { readonly done: number }): void => progress.update(done);
  try {
    const store = await collectImages(images.load(shape, { ...policy, signal }), images.count, {
      ...shape,
      onProgress,
    });
    progress.finish();
    return store;
  } catch (error) {
    progress.stop('pictures: stopped');
    throw error;
  }
}

function networkData({ dataset }: Job<NetworkTraining>, store: ImageStore): NetworkData {
  const rows = Int32Array.from(store.indices.keys()).filter(
    (row) => dataset.labels[store.indices[row]!]! >= 0,
  );
  if (rows.length === 0) throw nothingToTrainOn();
  const labels = rows.map((row) => dataset.labels[store.indices[row]!]!);
  return { store, rows, labels, classes: dataset.names.length };
}

async function trainOnPictures(job: NetworkJob, network: TrainableNetwork): Promise<TrainOutcome> {
  const { config, dataset, untrained, run, signal } = job;
  const interrupted: TrainOutcome = { run, interrupted: true, results: [] };
  // Before training: pairs that can't be scored are told now, not after hours.
  const before = [...(await scoreNetwork(job, nameBefore(job), untrained.inference)), ...scorePixels(job)];
  const start = await startState(job, network);
  await trainWithLog(job, network, start);
  if (signal.aborted) return interrupted;
  const fit = trainingFit(await readMetrics<NetworkMetrics>(run));
  const { inference, files } = await network.trained();
  const results = [...(await scoreAndClose(job, 'trained', inference, fit)), ...before];
  if (config.evaluation.control) {
    const control = await trainControl(job);
    if (control === undefined) return interrupted;
    results.push(...control);
  }
  await writeOutcome(job, files, results);
  const { missing, dropped } = readablePairs(dataset.verification, job.store.indices);
  tellLeftOut(job, missing + dropped);
  return { run, interrupted: false, results };
}

/** A file's weights were trained by somebody; ours are random. */
function nameBefore({ config, untrained }: NetworkJob): string {
  return config.network.kind === 'built-in' ? 'untrained' : `${untrained.name} before`;
}

async function scoreNetwork(
  job: NetworkJob,
  name: string,
  network: EmbeddingNetwork,
  fit?: TrainingFit,
): Promise<NamedResult[]> {
  const { config, dataset, store, signal } = job;
  const inPairs = imagesOfPairs(dataset.verification);
  const wanted = (index: number): boolean => inPairs.has(index);
  const options = { wanted, mirror: config.evaluation.flip, signal };
  return scoreTable(job, name, await embedStore(`scoring ${name}`, store, network, options), fit);
}

async function scoreAndClose(
  job: NetworkJob,
  name: string,
  network: EmbeddingNetwork,
  fit?: TrainingFit,
): Promise<NamedResult[]> {
  try {
    return await scoreNetwork(job, name, network, fit);
  } finally {
    await network.dispose();
  }
}

function scorePixels(job: NetworkJob): NamedResult[] {
  const { config, dataset, store } = job;
  const inPairs = imagesOfPairs(dataset.verification);
  const table = storePixels(store, (index) => inPairs.has(index), config.evaluation.flip);
  return scoreTable(job, `${table.name} alone`, table);
}

function scoreTable(
  { dataset }: NetworkJob,
  name: string,
  table: FeatureTable,
  fit?: TrainingFit,
): NamedResult[] {
  return scoreModel(name, undefined, table, dataset.verification, fit);
}

/** The state to train on from: that of the checkpoint, or a first one that becomes the checkpoint. */
async function startState(job: NetworkJob, network: TrainableNetwork): Promise<NetworkState> {
  const { config, place, backend, untrained, data, run, say } = job;
  const loss = createLoss(config.loss.name, config.loss.params);
  const { height, width } = untrained.shape;
  say(
    `${loss.name} on ${untrained.name}, all layers: ${height}×${width} → ${untrained.dim}, ${data.classes} classes, head '${backend.name}'`,
  );
  const first = firstNetworkState(loss, data.classes, untrained.dim, config.seed);
  const path = run.file('checkpoint');
  if (place.resume && (await run.has('checkpoint'))) {
    const state = await readNetworkCheckpoint(path, network, first, ownerOf(untrained));
    await trimMetrics(run, state.step);
    say(`resumed at step ${state.step}`);
    return state;
  }
  if (place.resume) say('no checkpoint yet: training from the beginning');
  await writeNetworkCheckpoint(path, network, first, ownerOf(untrained));
  return first;
}

function ownerOf({ fingerprint, dim }: UntrainedNetwork): CheckpointOwner {
  return { network: fingerprint, dim };
}

/** Trains to the end or an interruption; metrics and checkpoint go to the run folder after every epoch. */
async function trainWithLog(
  { config, backend, untrained, data, run, signal }: NetworkJob,
  network: TrainableNetwork,
  start: NetworkState,
): Promise<void> {
  const owner = ownerOf(untrained);
  const log = await openMetrics(run);
  const waiting: NetworkMetrics[] = [];
  try {
    await runNetwork(config, network, data, backend, start, {
      label: 'training',
      signal,
      onStep: (metrics) => waiting.push(metrics),
      onCheckpoint: async (state) => {
        await log.append(waiting.splice(0));
        await writeNetworkCheckpoint(run.file('checkpoint'), network, state, owner);
      },
    });
  } finally {
    try {
      // After a failure these lines are past the checkpoint: they show what led to it, and a resumed run drops them.
      await log.append(waiting);
    } finally {
      await log.close();
    }
  }
}

/** The same training on shuffled labels; undefined after an interruption. */
async function trainControl(job: NetworkJob): Promise<NamedResult[] | undefined> {
  const { config, backend, untrained, data, signal } = job;
  const network = await untrained.openTraining();
  try {
    const steps: NetworkMetrics[] = [];
    const loss = createLoss(config.loss.name, config.loss.params);
    const first = firstNetworkState(loss, data.classes, untrained.dim, config.seed);
    await runNetwork(config, network, withShuffledLabels(data, config.seed), backend, first, {
      label: 'control on shuffled labels',
      signal,
      onStep: (metrics) => steps.push(metrics),
    });
    if (signal.aborted) return undefined;
    const { inference } = await network.trained();
    return await scoreAndClose(job, 'control, shuffled labels', inference, trainingFit(steps));
  } finally {
    await network.dispose();
  }
}

async function writeOutcome(
  { config, run, dataset, data, problems }: NetworkJob,
  files: TrainedNetwork['files'],
  results: readonly NamedResult[],
): Promise<void> {
  const page = await trainReport({
    config,
    metrics: await readMetrics<NetworkMetrics>(run),
    results,
    identities: data.classes,
    images: data.labels.length,
    pairsFrom: dataset.pairsFrom,
    problems: problems.all,
  });
  for (const [name, bytes] of files) await atomicWrite(run.file(name), bytes);
  await run.writeText('results', `${JSON.stringify(resultsAsJson(results), undefined, 2)}\n`);
  await run.writeText('report', page);
}
