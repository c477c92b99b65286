import { classCount, shareOf, stateOfShare, type TrainingState } from '@cf/training';
import { trainingFacts } from '../distributed/training-facts.ts';
import { RunFolderError } from '../errors.ts';
import { leftOutOfEpoch } from '../settings/left-out-of-epoch.ts';
import { lossOf } from '../settings/loss-of.ts';
import { samplerOf } from '../settings/sampler-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { type KeptTraining, requireSameTraining, writeCheckpoint } from './checkpoint.ts';
import type { ShardingRanks } from './checkpoint-shards.ts';
import { givenHead } from './given-head.ts';
import { initialState } from './initial-state.ts';
import type { Job } from './job.ts';
import { trimMetrics } from './metrics-file.ts';
import { stepsOf, stretchText, warmUpWarning } from './schedule-notes.ts';
import { sharding } from './sharding.ts';
import type { Subject } from './subject.ts';

/** The state to go on from; undefined where training begins. */
export async function startState(
  job: Job<TrainConfig>,
  subject: Subject,
): Promise<TrainingState | undefined> {
  const { config, place, backend, headTold, pictures, kept, say } = job;
  const { run, description, samples } = subject;
  const { name: loss } = lossOf(config, samples);
  if (kept !== undefined) {
    requireSameTraining(kept, subject, loss);
    requireStep(kept, config, samples.count);
  }
  const first = kept === undefined ? await firstState(job, subject) : undefined;
  const { ranks } = place;
  if (ranks !== undefined) {
    await ranks.meet(await trainingFacts(job, subject, first?.state));
    ranks.begin();
  }
  say(`${loss} on ${description}, ${samples.classes.length} classes, head '${backend.name}'`);
  if (headTold !== undefined) say(headTold);
  for (const note of subject.notes) say(note);
  const leftOut = leftOutOfEpoch(config, samples.count, samplerOf(config, samples));
  if (leftOut !== undefined) say(leftOut);
  const warning = warmUpWarning(config, samples.count);
  if (warning !== undefined) say(warning);
  await place.keepChanges?.();
  if (kept === undefined) {
    if (place.resume) say('no checkpoint yet: training from the beginning');
    if (first === undefined) return undefined;
    await run.requireHeld?.();
    const ranksOf = sharding({ config, place }, subject);
    const own = ranksOf === undefined ? first.state : shareOfState(first.state, ranksOf);
    const path = (run.ofFirst ?? run).file('checkpoint');
    await writeCheckpoint(path, own, { subject, pictures, config, validations: [] }, ranksOf);
    for (const line of first.lines) if (line !== undefined) say(line);
    return own;
  }
  const { state } = kept;
  await trimMetrics(run, state.step);
  say(`resumed at step ${state.step}`);
  for (const line of changes(kept, config, samples.count)) say(line);
  return state;
}

/** A state that is not drawn, of all classes, and what is told of it. */
interface FirstState {
  readonly state: TrainingState;
  readonly lines: readonly (string | undefined)[];
}

/** What a new training takes from a head or another run; undefined where it takes nothing. */
async function firstState(
  { config, place }: Job<TrainConfig>,
  subject: Subject,
): Promise<FirstState | undefined> {
  const { samples } = subject;
  if (config.headFrom !== undefined) {
    const { learner } = subject.network;
    const head = await givenHead(config.headFrom, config, learner, samples);
    const { step: _, ...values } = head.lossState.values;
    const carried = Object.entries(values).map(([name, value]) => `, ${name} = ${value}`);
    const told = `${samples.classes.length} class centers from ${config.headFrom}${carried.join('')}`;
    return { state: { ...head, learner: await learner.state() }, lines: [told] };
  }
  if (place.initFrom === undefined) return undefined;
  const { state, found, told } = await initialState(place.initFrom, subject, config);
  const centers = `${found} of ${samples.classes.length} class centers`;
  return { state, lines: [`weights from ${place.initFrom.path}, and ${centers}`, told] };
}

function shareOfState(state: TrainingState, { communicator, bias }: ShardingRanks): TrainingState {
  return stateOfShare(state, shareOf(classCount(state), communicator), bias);
}

/** What of a run is not as its checkpoint has it. */
function changes(kept: KeptTraining, config: TrainConfig, samples: number): readonly string[] {
  const lines: string[] = [];
  if (kept.isUnchecked)
    lines.push('the checkpoint is of an earlier form, without a checksum; the next one has one');
  if (kept.config === undefined) return lines;
  const { epochs } = kept.config;
  if (epochs !== config.epochs) lines.push(stretchText(config, { epochs, samples, step: kept.state.step }));
  return lines;
}

/** @throws RunFolderError for a checkpoint past the end of the training */
function requireStep({ path, state: { step } }: KeptTraining, config: TrainConfig, samples: number): void {
  const steps = stepsOf(config, samples);
  if (step <= steps) return;
  throw new RunFolderError(
    `'${path}' at step ${step}`,
    `at most ${steps}, the steps of ${config.epochs} epochs on ${samples} samples`,
    'go on with more --epochs, or put batch and pictures back as they were.',
  );
}
