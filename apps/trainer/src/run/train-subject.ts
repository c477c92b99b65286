import type { Model } from '@cf/onnx';
import { writeModelFile } from '@cf/onnx/node';
import type { StepMetrics } from '@cf/training';
import { withShuffledLabels } from '../dataset/dealt-labels.ts';
import { readablePairs } from '../dataset/verification-pairs.ts';
import type { NetworkInTraining, TrainedNetwork } from '../engines/network-in-training.ts';
import { OutputError, RunFolderError } from '../errors.ts';
import { type NamedResult, resultsAsJson } from '../report/score-model.ts';
import { trainReport } from '../report/train-report.ts';
import { stepsPerEpoch } from '../settings/sampler-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { boardLog, scoreEvent } from '../tensorboard/board-log.ts';
import { atomicWrite } from './atomic-write.ts';
import { readCheckpoint } from './checkpoint.ts';
import { curriculumAdvice } from './curriculum-advice.ts';
import { HardestSamples } from './hardest-samples.ts';
import { type Job, type TrainOutcome, tellLeftOut } from './job.ts';
import { leftOutByWeighting } from './left-out.ts';
import { readMetrics } from './metrics-file.ts';
import { writePairScores } from './pair-scores.ts';
import { runTraining } from './run-training.ts';
import { warmUpWarning } from './schedule-notes.ts';
import { shadowTexts } from './shadow-texts.ts';
import type { Subject } from './subject.ts';
import { trainWithLog } from './train-with-log.ts';
import { dataShareText, type TrainingFit, trainingFit } from './training-fit.ts';
import { bestOf, type Validation } from './validation.ts';

/** Trains and scores a subject; everything goes into its run folder. */
export async function trainSubject(job: Job<TrainConfig>, subject: Subject): Promise<TrainOutcome> {
  const { config, dataset, signal } = job;
  const { run, network } = subject;
  const interrupted: TrainOutcome = { run, interrupted: true, results: [] };
  // Before training: pairs that can't be scored are told now, not after hours.
  const before = await subject.scoreBefore();
  const hardest = new HardestSamples(dataset.images.count, subject.pictures, job.kept?.losses);
  const validations = await trainWithLog(job, subject, hardest);
  const { ranks } = job.place;
  const isGoingOn = !(ranks === undefined ? signal.aborted : await ranks.isAnyStopped(signal.aborted));
  const control = isGoingOn && config.evaluation.control ? await trainControl(job, subject) : undefined;
  try {
    const isStopped = ranks === undefined ? signal.aborted : await ranks.end(signal.aborted);
    if (isStopped || !isGoingOn) return interrupted;
    // What is left is of the whole network, which every rank has: the first one does it.
    if (ranks?.isFirst === false) return { run, interrupted: false, results: [] };
    const best = await takeBest(job, subject, bestOf(validations));
    const trained = await network.trained();
    const metrics = await readMetrics<StepMetrics>(run, best?.step);
    const leftOut = leftOutByWeighting(metrics);
    const waited = dataShareText(metrics);
    const shadows = shadowTexts(config, metrics);
    for (const line of [leftOut, waited, curriculumAdvice(metrics), ...shadows])
      if (line !== undefined) job.say(line);
    const fit = trainingFit(metrics);
    const results = [...(await scoreAndClose(subject, 'trained', trained, fit)), ...before];
    if (control !== undefined) {
      const ofControl = await control.network.trained();
      const name = 'control, shuffled labels';
      results.push(...(await scoreAndClose(subject, name, ofControl, trainingFit(control.steps))));
    }
    await writeOutcome(job, subject, { ...trained, hardest }, results);
    await tellScores(job, subject, best, results);
    return { run, interrupted: false, results };
  } finally {
    await control?.network.dispose();
  }
}

/** What came of it, to whoever watches, and what was left out of it. */
async function tellScores(
  job: Job<TrainConfig>,
  { run, samples, indices }: Subject,
  best: Validation | undefined,
  results: readonly NamedResult[],
): Promise<void> {
  const { config, dataset } = job;
  const { accuracy, report } = results[0]!.result;
  const steps = stepsPerEpoch(config, samples.count) * config.epochs;
  await boardLog(run.path).append([
    scoreEvent(best?.step ?? steps, { accuracy, auc: report.auc, eer: report.eer }),
  ]);
  const { missing, dropped } = readablePairs(dataset.verification, indices);
  tellLeftOut(job, missing + dropped);
}

/** Lets the network be that of the best checkpoint. @returns which that is; undefined where it stays as it is */
async function takeBest(
  { say, place }: Job<TrainConfig>,
  { run, network }: Subject,
  best: Validation | undefined,
): Promise<Validation | undefined> {
  if (best === undefined) return undefined;
  try {
    const { state } = await readCheckpoint(run.file('best'), place.ranks?.communicator);
    await network.learner.load(state.learner);
  } catch (error) {
    if (!(error instanceof RunFolderError)) throw error;
    say(`the model is the newest one, and not the best: ${error.given}`);
    return undefined;
  }
  const { epoch, accuracy } = best;
  say(
    `the model is that of epoch ${epoch}, whose validation was best (${accuracy.toFixed(4)}); ${CHOSEN_BY_SCORES}`,
  );
  return best;
}

const CHOSEN_BY_SCORES =
  'the scored pairs have chosen it, so that its scores are better than on pairs never looked at';

async function scoreAndClose(
  subject: Subject,
  name: string,
  { inference }: TrainedNetwork,
  fit: TrainingFit | undefined,
): Promise<readonly NamedResult[]> {
  try {
    return await subject.score(name, inference, fit);
  } finally {
    await inference.dispose();
  }
}

/** A control: a network, to be disposed of, and what was measured of its steps. */
interface Control {
  readonly network: NetworkInTraining;
  readonly steps: readonly StepMetrics[];
}

/** The same training on shuffled labels. */
async function trainControl(
  { config, backend, signal, place }: Job<TrainConfig>,
  subject: Subject,
): Promise<Control> {
  const network: NetworkInTraining = await subject.openAgain();
  try {
    const steps: StepMetrics[] = [];
    const samples = withShuffledLabels(subject.samples, config.seed);
    const label = 'control on shuffled labels';
    const onStep = (metrics: StepMetrics): unknown => steps.push(metrics);
    const { shadow: _, shadowEvery: __, ...alone } = config;
    const shared = { backend, signal, ranks: place.ranks?.communicator };
    await runTraining({ config: alone, learner: network.learner, samples, ...shared }, { label, onStep });
    return { network, steps };
  } catch (error) {
    await network.dispose();
    throw error;
  }
}

/** Pictures that are shown as the hardest. */
const MOST_RATED = 16;

async function writeNetwork(path: string, model: Model, say: (line: string) => void): Promise<void> {
  const { notes } = await writeModelFile(path, model).catch((cause: unknown) => {
    throw new OutputError(path, cause);
  });
  for (const { text } of notes) say(text);
}

async function writeOutcome(
  { config, dataset, problems, say, signal }: Job<TrainConfig>,
  { run, samples, notes }: Subject,
  { files, model, hardest }: TrainedNetwork & { readonly hardest: HardestSamples },
  results: readonly NamedResult[],
): Promise<void> {
  const metrics = await readMetrics<StepMetrics>(run);
  const { embeddings } = results[0]!;
  const rated = hardest.first(MOST_RATED);
  const page = await trainReport({
    evidence: embeddings === undefined ? undefined : { dataset, table: embeddings, hardest: rated, signal },
    config,
    metrics,
    results,
    identities: samples.classes.length,
    images: samples.count,
    pairsFrom: dataset.pairsFrom,
    problems: problems.all,
    notes: [
      ...notes,
      ...[
        warmUpWarning(config, samples.count),
        leftOutByWeighting(metrics),
        curriculumAdvice(metrics),
      ].filter((line) => line !== undefined),
      ...shadowTexts(config, metrics),
      ...(config.validateEvery === undefined
        ? []
        : [`the best checkpoint is the model: ${CHOSEN_BY_SCORES}`]),
    ],
  });
  await run.requireHeld?.();
  for (const [name, bytes] of files) await atomicWrite(run.file(name), bytes);
  if (model !== undefined) await writeNetwork(run.file('network'), model, say);
  await run.writeText('results', `${JSON.stringify(resultsAsJson(results), undefined, 2)}\n`);
  await writePairScores(run, dataset, results);
  await run.writeText('report', page);
}
