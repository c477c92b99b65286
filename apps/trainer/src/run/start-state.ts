import { createHash } from 'node:crypto';
import { shareOf, stateOfShare, type TrainingState } from '@cf/training';
import type { Facts } from '../distributed/meet.ts';
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
  { config, place, backend, headTold, pictures, kept, say }: Job<TrainConfig>,
  subject: Subject,
): Promise<TrainingState | undefined> {
  const { run, description, samples } = subject;
  const { name: loss } = lossOf(config, samples);
  if (kept !== undefined) {
    requireSameTraining(kept, subject, loss);
    requireStep(kept, config, samples.count);
  }
  const { ranks } = place;
  await ranks?.meet(await factsOf(subject, kept));
  ranks?.begin();
  say(`${loss} on ${description}, ${samples.classes.length} classes, head '${backend.name}'`);
  if (headTold !== undefined) say(headTold);
  for (const note of subject.notes) say(note);
  const leftOut = leftOutOfEpoch(config, samples.count, samplerOf(config, samples));
  if (leftOut !== undefined) say(leftOut);
  const warning = warmUpWarning(config, samples.count);
  if (warning !== undefined) say(warning);
  if (kept === undefined) {
    const ranksOf = sharding({ config, place }, subject);
    await place.keepChanges?.();
    if (place.resume) say('no checkpoint yet: training from the beginning');
    const begin = async (
      state: TrainingState,
      lines: readonly (string | undefined)[],
    ): Promise<TrainingState> => {
      await run.requireHeld?.();
      const own = ranksOf === undefined ? state : shareOfState(state, ranksOf);
      const path = (run.ofFirst ?? run).file('checkpoint');
      await writeCheckpoint(path, own, { subject, pictures, config, validations: [] }, ranksOf);
      for (const line of lines) if (line !== undefined) say(line);
      return own;
    };
    if (config.headFrom !== undefined) {
      const { learner } = subject.network;
      const head = await givenHead(config.headFrom, config, learner, samples);
      const { step: _, ...values } = head.lossState.values;
      const carried = Object.entries(values).map(([name, value]) => `, ${name} = ${value}`);
      return begin({ ...head, learner: await learner.state() }, [
        `${samples.classes.length} class centers from ${config.headFrom}${carried.join('')}`,
      ]);
    }
    if (place.initFrom === undefined) return undefined;
    const { state, found, told } = await initialState(place.initFrom, subject, config);
    const centers = `${found} of ${samples.classes.length} class centers`;
    return begin(state, [`weights from ${place.initFrom.path}, and ${centers}`, told]);
  }
  await place.keepChanges?.();
  const { state } = kept;
  await trimMetrics(run, state.step);
  say(`resumed at step ${state.step}`);
  for (const line of changes(kept, config, samples.count)) say(line);
  return state;
}

/** What of a training is to be the same on all ranks, beside what is configured. */
async function factsOf(
  { fingerprint, network, samples }: Subject,
  kept: KeptTraining | undefined,
): Promise<Facts> {
  const hash = createHash('sha256');
  for (const [name, { data }] of await network.learner.state())
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return {
    network: fingerprint,
    'first weights': hash.digest('hex').slice(0, 16),
    pictures: `${samples.count} of ${samples.classes.length} identities`,
    'step of the checkpoint': kept === undefined ? 'none' : `${kept.state.step}`,
  };
}

function shareOfState(state: TrainingState, { communicator, bias }: ShardingRanks): TrainingState {
  const { classes } = state;
  const count = typeof classes === 'number' ? classes : classes.length;
  return stateOfShare(state, shareOf(count, communicator), bias);
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
