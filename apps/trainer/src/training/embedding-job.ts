import { createLoss } from '@cf/core';
import type { Dataset } from '../dataset/load-dataset.ts';
import { imagesOfPairs, readablePairs } from '../dataset/verification-pairs.ts';
import type { FeatureExtractor } from '../features/feature-extractor.ts';
import { type FeatureTable, pickImages } from '../features/feature-table.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { prepareFeatures } from '../features/prepare-features.ts';
import { writeModel } from '../model/face-model.ts';
import type { LinearEmbedding } from '../model/linear-embedding.ts';
import { trainReport } from '../report/train-report.ts';
import { openMetrics, type RunFolder, readMetrics, trimMetrics } from '../run/run-folder.ts';
import type { EmbeddingTraining } from '../settings/train-config.ts';
import { type NamedResult, resultsAsJson, scoreModel } from '../verification/score-model.ts';
import { readCheckpoint, requireFit, writeCheckpoint } from './checkpoint.ts';
import { type Job, nothingToTrainOn, type TrainOutcome, tellLeftOut } from './job.ts';
import { firstState, runTraining, shuffleLabels } from './run-training.ts';
import type { StepMetrics, TrainingData, TrainingState } from './train-embedding.ts';
import { type TrainingFit, trainingFit } from './training-fit.ts';

interface EmbeddingJob extends Job<EmbeddingTraining> {
  readonly extractor: FeatureExtractor;
  readonly run: RunFolder;
}

/** Pictures to features, features to a trained embedding, pairs to scores, everything into a run folder. */
export async function trainOnFixedFeatures(job: Job<EmbeddingTraining>): Promise<TrainOutcome> {
  const { config, place, dataset, policy, signal, say } = job;
  const extractor = await openExtractor(config.features);
  try {
    // Only now: input that can't be used leaves no folder behind.
    const run = await place.open();
    const featuresFrom = place.featuresFrom ?? run;
    const options = { extractor, run, featuresFrom, policy, signal, say };
    const table = await prepareFeatures(config, dataset, options);
    return await trainOnFeatures({ ...job, extractor, run }, table);
  } finally {
    await extractor.dispose();
  }
}

async function trainOnFeatures(job: EmbeddingJob, table: FeatureTable): Promise<TrainOutcome> {
  const { config, backend, extractor, dataset, run, signal } = job;
  const data = trainingData(dataset, table);
  const inPairs = imagesOfPairs(dataset.verification);
  const pairFeatures = pickImages(table, (index) => inPairs.has(index));
  const score = (name: string, model: LinearEmbedding | undefined, fit?: TrainingFit): NamedResult[] =>
    scoreModel(name, model, pairFeatures, dataset.verification, fit);
  const first = (): TrainingState => firstState(config, data, extractor.dim);
  // Before training: pairs that can't be scored are told now, not after hours.
  const untrained = [...score('untrained', first().model), ...score(`${extractor.name} alone`, undefined)];

  const start = await startState(job, data, first);
  const end = await trainWithLog(job, data, start);
  const interrupted: TrainOutcome = { run, interrupted: true, results: [] };
  if (signal.aborted) return interrupted;
  const fit = trainingFit(await readMetrics<StepMetrics>(run));
  const results = [...score('trained', end.model, fit), ...untrained];
  if (config.evaluation.control) {
    const shuffled = shuffleLabels(data, config.seed);
    const steps: StepMetrics[] = [];
    const onStep = (metrics: StepMetrics): unknown => steps.push(metrics);
    const hooks = { label: 'control on shuffled labels', signal, onStep };
    const control = await runTraining(config, shuffled, backend, first(), hooks);
    if (signal.aborted) return interrupted;
    results.push(...score('control, shuffled labels', control.model, trainingFit(steps)));
  }
  await writeOutcome(job, data, end.model, results);
  const { missing, dropped } = readablePairs(dataset.verification, table.indices);
  tellLeftOut(job, missing + dropped);
  return { run, interrupted: false, results };
}

function trainingData(dataset: Dataset, table: FeatureTable): TrainingData {
  const trained = pickImages(table, (index) => dataset.labels[index]! >= 0);
  if (trained.indices.length === 0) throw nothingToTrainOn();
  const labels = Int32Array.from(trained.indices, (index) => dataset.labels[index]!);
  return { features: trained.rows, labels, classes: dataset.names.length };
}

/** The state to train on from: that of the checkpoint, or a first one that becomes the checkpoint. */
async function startState(
  { config, place, backend, extractor, run, say }: EmbeddingJob,
  data: TrainingData,
  first: () => TrainingState,
): Promise<TrainingState> {
  const { name } = createLoss(config.loss.name, config.loss.params);
  say(
    `${name} on ${extractor.name}: embedding ${extractor.dim} → ${config.dim}, ${data.classes} classes, head '${backend.name}'`,
  );
  if (place.resume && (await run.has('checkpoint'))) {
    const path = run.file('checkpoint');
    const state = await readCheckpoint(path);
    requireFit(state, first(), path);
    await trimMetrics(run, state.step);
    say(`resumed at step ${state.step}`);
    return state;
  }
  if (place.resume) say('no checkpoint yet: training from the beginning');
  const state = first();
  await writeCheckpoint(run.file('checkpoint'), state);
  return state;
}

/** Trains to the end or an interruption; metrics and checkpoint go to the run folder after every epoch. */
async function trainWithLog(
  { config, backend, run, signal }: EmbeddingJob,
  data: TrainingData,
  start: TrainingState,
): Promise<TrainingState> {
  const log = await openMetrics(run);
  const waiting: StepMetrics[] = [];
  try {
    return await runTraining(config, data, backend, start, {
      label: 'training',
      signal,
      onStep: (metrics) => waiting.push(metrics),
      onCheckpoint: async (state) => {
        await log.append(waiting.splice(0));
        await writeCheckpoint(run.file('checkpoint'), state);
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

async function writeOutcome(
  { config, run, dataset, problems }: EmbeddingJob,
  data: TrainingData,
  embedding: LinearEmbedding,
  results: readonly NamedResult[],
): Promise<void> {
  const page = await trainReport({
    config,
    metrics: await readMetrics<StepMetrics>(run),
    results,
    identities: data.classes,
    images: data.labels.length,
    pairsFrom: dataset.pairsFrom,
    problems: problems.all,
  });
  await writeModel(run.file('model'), { features: config.features, embedding });
  await run.writeText('results', `${JSON.stringify(resultsAsJson(results), undefined, 2)}\n`);
  await run.writeText('report', page);
}
