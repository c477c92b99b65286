import type { TrainingState } from '@cf/training';
import { RunFolderError } from '../errors.ts';
import { leftOutOfEpoch } from '../settings/left-out-of-epoch.ts';
import { lossOf } from '../settings/loss-of.ts';
import { samplerOf } from '../settings/sampler-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { type KeptTraining, requireSameTraining, writeCheckpoint } from './checkpoint.ts';
import { givenHead } from './given-head.ts';
import { initialState } from './initial-state.ts';
import type { Job } from './job.ts';
import { trimMetrics } from './metrics-file.ts';
import { stepsOf, stretchText, warmUpWarning } from './schedule-notes.ts';
import type { Subject } from './subject.ts';

/** The state to go on from; undefined where training begins. */
export async function startState(
  { config, place, backend, headTold, pictures, kept, say }: Job<TrainConfig>,
  subject: Subject,
): Promise<TrainingState | undefined> {
  const { run, description, samples } = subject;
  const { name: loss } = lossOf(config, samples);
  say(`${loss} on ${description}, ${samples.classes.length} classes, head '${backend.name}'`);
  if (headTold !== undefined) say(headTold);
  for (const note of subject.notes) say(note);
  const leftOut = leftOutOfEpoch(config, samples.count, samplerOf(config, samples));
  if (leftOut !== undefined) say(leftOut);
  const warning = warmUpWarning(config, samples.count);
  if (warning !== undefined) say(warning);
  if (kept === undefined) {
    await place.keepChanges?.();
    if (place.resume) say('no checkpoint yet: training from the beginning');
    const begin = async (
      state: TrainingState,
      lines: readonly (string | undefined)[],
    ): Promise<TrainingState> => {
      await run.requireHeld?.();
      await writeCheckpoint(run.file('checkpoint'), state, { subject, pictures, config, validations: [] });
      for (const line of lines) if (line !== undefined) say(line);
      return state;
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
  requireSameTraining(kept, subject, loss);
  requireStep(kept, config, samples.count);
  await place.keepChanges?.();
  const { state } = kept;
  await trimMetrics(run, state.step);
  say(`resumed at step ${state.step}`);
  for (const line of changes(kept, config, samples.count)) say(line);
  return state;
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
