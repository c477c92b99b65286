import { createLoss } from '@cf/core';
import { sumWithMirror } from '@cf/eval';
import type { TrainConfig } from '../config/train-config.ts';
import { type Dataset, loadDataset, type ProblemPolicy } from '../dataset/load-dataset.ts';
import { ProblemList } from '../dataset/problem-list.ts';
import { imagesOfPairs, readablePairs } from '../dataset/verification-pairs.ts';
import { UsageError } from '../errors.ts';
import { featureFingerprint, readFeatures, writeFeatures } from '../features/feature-cache.ts';
import type { FeatureExtractor } from '../features/feature-extractor.ts';
import { extractFeatures, type FeatureTable, pickImages } from '../features/feature-table.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { writeModel } from '../model/face-model.ts';
import { embedAll, type LinearEmbedding } from '../model/linear-embedding.ts';
import { accuracyText, type NamedResult, trainReport } from '../report/train-report.ts';
import { openMetrics, type RunFolder, readMetrics, trimMetrics } from '../run/run-folder.ts';
import { scorePairs } from '../verification/score-pairs.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { openBackend } from './open-backend.ts';
import { firstState, runTraining, shuffleLabels } from './run-training.ts';
import type { StepMetrics, TrainingData, TrainingState } from './train-embedding.ts';

/** What a training comes to. */
export interface TrainOutcome {
  readonly run: RunFolder;
  /** True after Ctrl-C: a checkpoint was written, nothing was scored. */
  readonly interrupted: boolean;
  readonly results: readonly NamedResult[];
}

/** Where a training writes. */
export interface RunPlace {
  /** Makes or opens the run folder. */
  open(): Promise<RunFolder>;
  /** The folder has a checkpoint to go on from. */
  readonly resume: boolean;
  /** Another run on the same pictures, whose features are taken where they fit. */
  readonly featuresFrom: RunFolder | undefined;
}

/**
 * The whole job: pictures to features, features to a trained embedding, pairs to scores, everything into a run
 * folder. A folder with a checkpoint is continued.
 *
 * @param say prints one line to the user.
 */
export async function train(
  config: TrainConfig,
  place: RunPlace,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<TrainOutcome> {
  // Made first: a wrong loss, option or backend is told before any work.
  const loss = createLoss(config.loss.name, config.loss.params);
  const backend = await openBackend(config.head);
  const problems = new ProblemList();
  const policy = { onProblem: problems.add, strict: config.strict };
  const dataset = await loadDataset(config.data, config.evaluation, config.seed, policy);
  const training = dataset.labels.filter((label) => label >= 0).length;
  say(
    `${dataset.names.length} identities, ${training} images to train on; ${dataset.verification.pairs.length} pairs from ${dataset.pairsFrom}`,
  );
  const extractor = await openExtractor(config.features);
  try {
    // Only now: input that can't be used leaves no folder behind.
    const run = await place.open();
    const featuresFrom = place.featuresFrom ?? run;
    const { data, pairFeatures } = await features(
      config,
      dataset,
      extractor,
      run,
      featuresFrom,
      policy,
      signal,
      say,
    );
    const first = (): TrainingState => firstState(config, data, extractor.dim);
    const start = place.resume ? await readCheckpoint(run.file('checkpoint')) : first();
    say(
      `${loss.name} on ${extractor.name}: embedding ${extractor.dim} → ${config.dim}, ${data.classes} classes, head '${backend.name}'`,
    );
    if (place.resume) {
      await trimMetrics(run, start.step);
      say(`resumed at step ${start.step}`);
    } else await writeCheckpoint(run.file('checkpoint'), start);

    const log = await openMetrics(run);
    const waiting: StepMetrics[] = [];
    const flush = async (): Promise<void> => {
      for (const metrics of waiting.splice(0)) await log.append(metrics);
    };
    let end: TrainingState;
    try {
      end = await runTraining(config, data, backend, start, {
        label: 'training',
        signal,
        onStep: (metrics) => waiting.push(metrics),
        onCheckpoint: async (state) => {
          await flush();
          await writeCheckpoint(run.file('checkpoint'), state);
        },
      });
    } finally {
      await flush();
      await log.close();
    }
    if (signal.aborted) return { run, interrupted: true, results: [] };

    const score = (name: string, model: LinearEmbedding | undefined): NamedResult[] =>
      scoreModel(name, model, dataset, pairFeatures);
    const results = [
      ...score('trained', end.model),
      ...score('untrained', first().model),
      ...score(`${extractor.name} alone`, undefined),
    ];
    if (config.evaluation.control) {
      const shuffled = shuffleLabels(data, config.seed);
      const hooks = { label: 'control on shuffled labels', signal };
      const control = await runTraining(config, shuffled, backend, first(), hooks);
      if (signal.aborted) return { run, interrupted: true, results: [] };
      results.push(...score('control, shuffled labels', control.model));
    }
    await writeModel(run.file('model'), { features: config.features, embedding: end.model });
    await writeResults(run, results);
    const metrics = await readMetrics<StepMetrics>(run);
    const images = data.labels.length;
    const page = await trainReport({
      config,
      metrics,
      results,
      identities: data.classes,
      images,
      pairsFrom: dataset.pairsFrom,
      problems: problems.all,
    });
    await run.writeText('report', page);
    if (problems.all.length > 0)
      say(`${problems.all.length} files or folders were left out; the report lists them`);
    return { run, interrupted: false, results };
  } finally {
    await extractor.dispose();
    await backend.dispose();
  }
}

async function features(
  config: TrainConfig,
  dataset: Dataset,
  extractor: FeatureExtractor,
  run: RunFolder,
  featuresFrom: RunFolder,
  policy: ProblemPolicy,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<{ data: TrainingData; pairFeatures: FeatureTable }> {
  const inPairs = imagesOfPairs(dataset.verification);
  const mirrored = config.evaluation.flip ? inPairs : new Set<number>();
  const fingerprint = await featureFingerprint(config.features, dataset.images, mirrored);
  const kept = await readFeatures(featuresFrom.file('features'), fingerprint);
  if (kept !== undefined)
    say(`features of ${kept.indices.length} images from ${featuresFrom.file('features')}`);
  const mirror = (index: number): boolean => mirrored.has(index);
  const table =
    kept ?? (await extractFeatures('features', dataset.images, extractor, { ...policy, mirror, signal }));
  if (kept === undefined || featuresFrom.path !== run.path)
    await writeFeatures(run.file('features'), table, fingerprint);
  const trained = pickImages(table, (index) => dataset.labels[index]! >= 0);
  if (trained.indices.length === 0) {
    throw new UsageError(
      'no readable image to train on',
      'at least one',
      'look at the problems listed above.',
    );
  }
  const labels = Int32Array.from(trained.indices, (index) => dataset.labels[index]!);
  return {
    data: { features: trained.rows, labels, classes: dataset.names.length },
    pairFeatures: pickImages(table, (index) => inPairs.has(index)),
  };
}

/** Scores an embedding, or the features by themselves: on single pictures, and on the sum with their mirror images. */
function scoreModel(
  name: string,
  model: LinearEmbedding | undefined,
  dataset: Dataset,
  table: FeatureTable,
): NamedResult[] {
  const pairs = readablePairs(dataset.verification, table.indices);
  const dim = model?.outputDim ?? table.dim;
  const embed = (rows: Float32Array): Float32Array => (model === undefined ? rows : embedAll(model, rows));
  const single = embed(table.rows);
  const results = [{ name, result: scorePairs(single, dim, pairs) }];
  if (table.mirrored !== undefined) {
    const summed = sumWithMirror(single, embed(table.mirrored));
    results.push({ name: `${name}, flipped`, result: scorePairs(summed, dim, pairs) });
  }
  return results;
}

async function writeResults(run: RunFolder, results: readonly NamedResult[]): Promise<void> {
  const rows = results.map(({ name, result }) => {
    const { roc: _roc, folds: _folds, ...report } = result.report;
    return {
      name,
      accuracy: result.accuracy,
      std: result.std,
      thresholdFrom: result.thresholdFrom,
      scoredPairs: report,
    };
  });
  await run.writeText('results', `${JSON.stringify(rows, undefined, 2)}\n`);
}

/** Results as a table of text. */
export function resultLines(results: readonly NamedResult[]): string[] {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results.map(
    ({ name, result }) =>
      `${name.padEnd(width)}  accuracy ${accuracyText(result)}  AUC ${result.report.auc.toFixed(4)}  EER ${result.report.eer.toFixed(4)}`,
  );
}
