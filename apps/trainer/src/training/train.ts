import { type Backend, createLoss } from '@cf/core';
import type { TrainConfig } from '../config/train-config.ts';
import { type Dataset, loadDataset } from '../dataset/load-dataset.ts';
import { ProblemList } from '../dataset/problem-list.ts';
import { imagesOfPairs, readablePairs } from '../dataset/verification-pairs.ts';
import { UsageError } from '../errors.ts';
import type { FeatureExtractor } from '../features/feature-extractor.ts';
import { type FeatureTable, pickImages } from '../features/feature-table.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { prepareFeatures } from '../features/prepare-features.ts';
import { writeModel } from '../model/face-model.ts';
import type { LinearEmbedding } from '../model/linear-embedding.ts';
import { trainReport } from '../report/train-report.ts';
import { openMetrics, type RunFolder, readMetrics, trimMetrics } from '../run/run-folder.ts';
import { type NamedResult, resultsAsJson, scoreModel } from '../verification/score-model.ts';
import { readCheckpoint, requireFit, writeCheckpoint } from './checkpoint.ts';
import { openBackend } from './open-backend.ts';
import { firstState, runTraining, shuffleLabels } from './run-training.ts';
import type { StepMetrics, TrainingData, TrainingState } from './train-embedding.ts';
import { type TrainingFit, trainingFit } from './training-fit.ts';

/** What a training comes to. */
export interface TrainOutcome {
  readonly run: RunFolder;
  /** True after Ctrl-C: a checkpoint was written, no model. */
  readonly interrupted: boolean;
  /** The trained model first; empty after an interruption. */
  readonly results: readonly NamedResult[];
}

/** Where a training writes. */
export interface RunPlace {
  /** Makes or opens the run folder. */
  open(): Promise<RunFolder>;
  /** Go on from the folder's checkpoint, where it has one. */
  readonly resume: boolean;
  /** Another run on the same pictures, whose features are taken where they fit. */
  readonly featuresFrom: RunFolder | undefined;
}

/** What the parts of a training share. */
interface Job {
  readonly config: TrainConfig;
  readonly backend: Backend;
  readonly extractor: FeatureExtractor;
  readonly dataset: Dataset;
  readonly problems: ProblemList;
  readonly run: RunFolder;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * The whole job: pictures to features, features to a trained embedding, pairs to scores, everything into a run
 * folder. A folder with a checkpoint is continued.
 *
 * @param signal stops after the current step; while features are extracted its reason is thrown.
 * @param say prints one line to the user.
 */
export async function train(
  config: TrainConfig,
  place: RunPlace,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<TrainOutcome> {
  // Made first: a wrong loss, option or backend is told before any work.
  createLoss(config.loss.name, config.loss.params);
  const backend = await openBackend(config.head);
  let extractor: FeatureExtractor | undefined;
  try {
    const problems = new ProblemList();
    const policy = { onProblem: problems.add, strict: config.strict };
    const dataset = await loadDataset(config.data, config.evaluation, config.seed, policy);
    const images = dataset.labels.filter((label) => label >= 0).length;
    const pairs = dataset.verification.pairs.length;
    say(
      `${dataset.names.length} identities, ${images} images to train on; ${pairs} pairs from ${dataset.pairsFrom}`,
    );
    extractor = await openExtractor(config.features);
    // Only now: input that can't be used leaves no folder behind.
    const run = await place.open();
    const featuresFrom = place.featuresFrom ?? run;
    const table = await prepareFeatures(config, dataset, {
      extractor,
      run,
      featuresFrom,
      policy,
      signal,
      say,
    });
    const job = { config, backend, extractor, dataset, problems, run, signal, say };
    return await trainOnFeatures(job, table, place.resume);
  } finally {
    await extractor?.dispose();
    await backend.dispose();
  }
}

async function trainOnFeatures(job: Job, table: FeatureTable, resume: boolean): Promise<TrainOutcome> {
  const { config, backend, extractor, dataset, run, signal, say } = job;
  const data = trainingData(dataset, table);
  const inPairs = imagesOfPairs(dataset.verification);
  const pairFeatures = pickImages(table, (index) => inPairs.has(index));
  const score = (name: string, model: LinearEmbedding | undefined, fit?: TrainingFit): NamedResult[] =>
    scoreModel(name, model, pairFeatures, dataset.verification, fit);
  const first = (): TrainingState => firstState(config, data, extractor.dim);
  // Before training: pairs that can't be scored are told now, not after hours.
  const untrained = [...score('untrained', first().model), ...score(`${extractor.name} alone`, undefined)];

  const start = await startState(job, data, first, resume);
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
  tellLeftOut(job, missing + dropped, say);
  return { run, interrupted: false, results };
}

function trainingData(dataset: Dataset, table: FeatureTable): TrainingData {
  const trained = pickImages(table, (index) => dataset.labels[index]! >= 0);
  if (trained.indices.length === 0) {
    throw new UsageError(
      'no readable image to train on',
      'at least one',
      'look at the problems listed above.',
    );
  }
  const labels = Int32Array.from(trained.indices, (index) => dataset.labels[index]!);
  return { features: trained.rows, labels, classes: dataset.names.length };
}

/** The state to train on from: that of the checkpoint, or a first one that becomes the checkpoint. */
async function startState(
  { config, backend, extractor, run, say }: Job,
  data: TrainingData,
  first: () => TrainingState,
  resume: boolean,
): Promise<TrainingState> {
  const { name } = createLoss(config.loss.name, config.loss.params);
  say(
    `${name} on ${extractor.name}: embedding ${extractor.dim} → ${config.dim}, ${data.classes} classes, head '${backend.name}'`,
  );
  if (resume && (await run.has('checkpoint'))) {
    const path = run.file('checkpoint');
    const state = await readCheckpoint(path);
    requireFit(state, first(), path);
    await trimMetrics(run, state.step);
    say(`resumed at step ${state.step}`);
    return state;
  }
  if (resume) say('no checkpoint yet: training from the beginning');
  const state = first();
  await writeCheckpoint(run.file('checkpoint'), state);
  return state;
}

/** Trains to the end or an interruption; metrics and checkpoint go to the run folder after every epoch. */
async function trainWithLog(
  { config, backend, run, signal }: Job,
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
  { config, run, dataset, problems }: Job,
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

function tellLeftOut({ problems }: Job, unscored: number, say: (line: string) => void): void {
  const count = problems.all.length;
  if (count === 0) return;
  say(`${count} problems with the pictures; ${unscored} pairs could not be scored; the report lists them`);
}
