import { StateMismatchError } from '@cf/core';
import type { Model } from '@cf/onnx';
import { writeModelFile } from '@cf/onnx/node';
import type { StepMetrics, TrainingState } from '@cf/training';
import { withShuffledLabels } from '../dataset/dealt-labels.ts';
import { readablePairs } from '../dataset/verification-pairs.ts';
import type { NetworkInTraining, TrainedNetwork } from '../engines/network-in-training.ts';
import { OutputError, RunFolderError } from '../errors.ts';
import { type NamedResult, resultsAsJson } from '../report/score-model.ts';
import { trainReport } from '../report/train-report.ts';
import { lossOf } from '../settings/loss-of.ts';
import { leftOutText, samplerOf } from '../settings/sampler-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { atomicWrite } from './atomic-write.ts';
import { requireSameTraining, writeCheckpoint } from './checkpoint.ts';
import { initialState } from './initial-state.ts';
import { type Job, type TrainOutcome, tellLeftOut } from './job.ts';
import { openMetrics, readMetrics, trimMetrics } from './run-folder.ts';
import { runTraining } from './run-training.ts';
import type { Subject } from './subject.ts';
import { dataShareText, type TrainingFit, trainingFit } from './training-fit.ts';

/** Trains and scores a subject; everything goes into its run folder. */
export async function trainSubject(job: Job<TrainConfig>, subject: Subject): Promise<TrainOutcome> {
  const { config, dataset, signal } = job;
  const { run, network, indices } = subject;
  const interrupted: TrainOutcome = { run, interrupted: true, results: [] };
  // Before training: pairs that can't be scored are told now, not after hours.
  const before = await subject.scoreBefore();
  await trainWithLog(job, subject);
  if (signal.aborted) return interrupted;
  const trained = await network.trained();
  const metrics = await readMetrics<StepMetrics>(run);
  const waited = dataShareText(metrics);
  if (waited !== undefined) job.say(waited);
  const fit = trainingFit(metrics);
  const results = [...(await scoreAndClose(subject, 'trained', trained, fit)), ...before];
  if (config.evaluation.control) {
    const control = await trainControl(job, subject);
    if (control === undefined) return interrupted;
    results.push(...control);
  }
  await writeOutcome(job, subject, trained, results);
  const { missing, dropped } = readablePairs(dataset.verification, indices);
  tellLeftOut(job, missing + dropped);
  return { run, interrupted: false, results };
}

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

/** Trains to the end or an interruption; metrics and checkpoint go to the run folder after every epoch. */
async function trainWithLog(job: Job<TrainConfig>, subject: Subject): Promise<void> {
  const { config, backend, pictures, signal } = job;
  const { run, network, samples } = subject;
  const state = await startState(job, subject);
  const log = await openMetrics(run);
  const waiting: StepMetrics[] = [];
  try {
    const training = { config, backend, learner: network.learner, samples, signal };
    await runTraining(
      { ...training, ...(state === undefined ? {} : { state }) },
      {
        label: 'training',
        onStep: (metrics) => waiting.push(metrics),
        onCheckpoint: async (reached) => {
          await log.append(waiting.splice(0));
          await writeCheckpoint(run.file('checkpoint'), reached, { subject, pictures });
        },
      },
    );
  } catch (error) {
    if (!(error instanceof StateMismatchError) || state === undefined) throw error;
    const path = run.file('checkpoint');
    throw new RunFolderError(`'${path}' with ${error.given}`, error.expected, 'start a new run.', error);
  } finally {
    try {
      // After a failure these lines are past the checkpoint: they show what led to it, and a resumed run drops them.
      await log.append(waiting);
    } finally {
      await log.close();
    }
  }
}

/** The state to go on from; undefined where training begins. */
async function startState(
  { config, place, backend, pictures, kept, say }: Job<TrainConfig>,
  subject: Subject,
): Promise<TrainingState | undefined> {
  const { run, description, samples } = subject;
  const { name: loss } = lossOf(config, samples);
  say(`${loss} on ${description}, ${samples.classes.length} classes, head '${backend.name}'`);
  for (const note of subject.notes) say(note);
  const leftOut = leftOutText(config, samples.count, samplerOf(config, samples));
  if (leftOut !== undefined) say(leftOut);
  if (kept === undefined) {
    if (place.resume) say('no checkpoint yet: training from the beginning');
    if (place.initFrom === undefined) return undefined;
    const { state, found } = await initialState(place.initFrom, subject, config);
    await writeCheckpoint(run.file('checkpoint'), state, { subject, pictures });
    say(`weights from ${place.initFrom.path}, and ${found} of ${samples.classes.length} class centers`);
    return state;
  }
  requireSameTraining(kept, subject, loss);
  const { state } = kept;
  await trimMetrics(run, state.step);
  say(`resumed at step ${state.step}`);
  return state;
}

/** The same training on shuffled labels; undefined after an interruption. */
async function trainControl(
  { config, backend, signal }: Job<TrainConfig>,
  subject: Subject,
): Promise<readonly NamedResult[] | undefined> {
  const network: NetworkInTraining = await subject.openAgain();
  try {
    const steps: StepMetrics[] = [];
    const samples = withShuffledLabels(subject.samples, config.seed);
    const label = 'control on shuffled labels';
    const onStep = (metrics: StepMetrics): unknown => steps.push(metrics);
    await runTraining({ config, backend, learner: network.learner, samples, signal }, { label, onStep });
    if (signal.aborted) return undefined;
    const trained = await network.trained();
    return await scoreAndClose(subject, 'control, shuffled labels', trained, trainingFit(steps));
  } finally {
    await network.dispose();
  }
}

async function writeNetwork(path: string, model: Model, say: (line: string) => void): Promise<void> {
  const { notes } = await writeModelFile(path, model).catch((cause: unknown) => {
    throw new OutputError(path, cause);
  });
  for (const { text } of notes) say(text);
}

async function writeOutcome(
  { config, dataset, problems, say }: Job<TrainConfig>,
  { run, samples, notes }: Subject,
  { files, model }: TrainedNetwork,
  results: readonly NamedResult[],
): Promise<void> {
  const page = await trainReport({
    config,
    metrics: await readMetrics<StepMetrics>(run),
    results,
    identities: samples.classes.length,
    images: samples.count,
    pairsFrom: dataset.pairsFrom,
    problems: problems.all,
    notes,
  });
  for (const [name, bytes] of files) await atomicWrite(run.file(name), bytes);
  if (model !== undefined) await writeNetwork(run.file('network'), model, say);
  await run.writeText('results', `${JSON.stringify(resultsAsJson(results), undefined, 2)}\n`);
  await run.writeText('report', page);
}
