import { StateMismatchError } from '@cf/core';
import type { StepMetrics, TrainingState } from '@cf/training';
import { InterruptedError } from '../commands/interruption.ts';
import { RunFolderError } from '../errors.ts';
import { stepsPerEpoch } from '../settings/sampler-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { boardLog, scoreEvent, stepEvent } from '../tensorboard/board-log.ts';
import type { BoardEvent } from '../tensorboard/event.ts';
import { checkpointPace, checkpointTimer } from './checkpoint-pace.ts';
import type { HardestSamples } from './hardest-samples.ts';
import type { Job } from './job.ts';
import { keepCheckpoints } from './kept-checkpoints.ts';
import { openMetrics } from './metrics-file.ts';
import type { RunFolder } from './run-folder.ts';
import { runTraining } from './run-training.ts';
import { sharding } from './sharding.ts';
import { startState } from './start-state.ts';
import type { Subject } from './subject.ts';
import { bestOf, isPatienceOver, type Validation } from './validation.ts';

/**
 * Trains to the end, to an interruption, or until the scores on the way get no better. Metrics and checkpoint go to the run
 * folder after every epoch, and within one where that is asked for.
 *
 * @param hardest is told of all losses
 * @returns the scores on the way
 */
export async function trainWithLog(
  job: Job<TrainConfig>,
  subject: Subject,
  hardest: HardestSamples,
): Promise<readonly Validation[]> {
  const { config, backend, pictures, signal, kept, place } = job;
  const { run, network, samples } = subject;
  const state = await startState(job, subject);
  const keeper = keepCheckpoints(run, {
    keep: config.keepCheckpoints,
    newest: (kept?.state ?? state)?.step,
    ranks: sharding(job, subject),
  });
  const timer = checkpointTimer(
    config.checkpointEvery === undefined ? undefined : checkpointPace(config.checkpointEvery),
  );
  const validations: Validation[] = [...(kept?.validations ?? [])];
  const isEnough = (): boolean => isPatienceOver(validations, config.earlyStopping);
  const log = await openMetrics(run);
  const waiting: StepMetrics[] = [];
  const board = boardLog(run.path, state?.step);
  const shown: BoardEvent[] = [];
  const keep = async (reached: TrainingState): Promise<void> => {
    await run.requireHeld?.();
    await log.append(waiting.splice(0));
    const found = await validated(job, subject, reached.step, validations);
    if (found !== undefined) validations.push(found);
    await keeper.write(reached, { subject, pictures, config, validations, losses: hardest.losses });
    timer.written();
    place.onEvent?.({ event: 'checkpoint', step: reached.step });
    if (found !== undefined) {
      await run.writeText('validation', validations.map((one) => `${JSON.stringify(one)}\n`).join(''));
      tellValidation(job, found, validations);
      const { step, accuracy, auc } = found;
      shown.push(scoreEvent(step, { accuracy, auc }));
      place.onEvent?.({ event: 'validation', ...found });
    }
    await board.append(shown.splice(0));
    await keepBest(reached.step);
  };
  const keepBest = async (step: number): Promise<void> => {
    if (bestOf(validations)?.step === step) await keeper.keepAsBest();
  };
  try {
    if (state !== undefined) {
      // What was stopped between a checkpoint and its scores.
      if (isDue(config, samples.count, state.step, validations)) {
        await network.learner.load(state.learner);
        await keep(state);
      } else await keepBest(state.step);
    }
    if (isEnough()) return validations;
    await runTraining(
      {
        config,
        backend,
        learner: network.learner,
        samples,
        signal,
        ranks: place.ranks?.communicator,
        ...(state === undefined ? {} : { state }),
      },
      {
        label: 'training',
        onStep: (metrics, indices, losses) => {
          hardest.see(indices, losses);
          waiting.push(metrics);
          shown.push(stepEvent(metrics));
          place.onEvent?.({ event: 'step', ...metrics });
        },
        onCheckpoint: keep,
        checkpointDue: timer.due,
        isEnough,
      },
    );
    return validations;
  } catch (error) {
    if (!(error instanceof StateMismatchError) || state === undefined) throw error;
    const path = run.file('checkpoint');
    throw new RunFolderError(`'${path}' with ${error.given}`, error.expected, 'start a new run.', error);
  } finally {
    try {
      // After a failure these lines are past the checkpoint: they show what led to it, and a resumed run drops them.
      if (await isStillHeld(run)) await log.append(waiting);
    } finally {
      await log.close();
    }
  }
}

/** {@link validate}; of ranks, what the first one has found. */
async function validated(
  job: Job<TrainConfig>,
  subject: Subject,
  step: number,
  validations: readonly Validation[],
): Promise<Validation | undefined> {
  const found = await validate(job, subject, step, validations);
  const { ranks } = job.place;
  if (ranks === undefined) return found;
  const text = await ranks.textOfFirst(JSON.stringify(found ?? null));
  return (JSON.parse(text) as Validation | null) ?? undefined;
}

/** Where another process has taken the run, its metrics are no longer this one's to write. */
async function isStillHeld(run: RunFolder): Promise<boolean> {
  return (
    run.requireHeld?.().then(
      () => true,
      () => false,
    ) ?? true
  );
}

function isDue(
  config: TrainConfig,
  samples: number,
  step: number,
  validations: readonly Validation[],
): boolean {
  const { validateEvery } = config;
  if (validateEvery === undefined || step === 0) return false;
  const every = validateEvery * stepsPerEpoch(config, samples);
  return step % every === 0 && !validations.some((one) => one.step === step);
}

/** Scores of the network as it now is, where they are due; none after an interruption: a resumed run takes them. */
async function validate(
  { config, signal }: Job<TrainConfig>,
  { network, samples, score }: Subject,
  step: number,
  validations: readonly Validation[],
): Promise<Validation | undefined> {
  if (!isDue(config, samples.count, step, validations) || signal.aborted) return undefined;
  const { inference } = await network.trained();
  try {
    const [{ result }] = (await score('validation', inference)) as [Awaited<ReturnType<typeof score>>[0]];
    const epoch = step / stepsPerEpoch(config, samples.count);
    return { step, epoch, accuracy: result.accuracy, auc: result.report.auc };
  } catch (error) {
    if (error instanceof InterruptedError) return undefined;
    throw error;
  } finally {
    await inference.dispose();
  }
}

function tellValidation(
  { config, say }: Job<TrainConfig>,
  { epoch, step, accuracy, auc }: Validation,
  validations: readonly Validation[],
): void {
  const best = bestOf(validations)!;
  const beside = best.step === step ? 'the best so far' : `the best was epoch ${best.epoch}`;
  say(`validation after epoch ${epoch}: accuracy ${accuracy.toFixed(4)}, AUC ${auc.toFixed(4)}; ${beside}`);
  if (isPatienceOver(validations, config.earlyStopping))
    say(
      `no better in ${config.earlyStopping} scores: training ends after epoch ${epoch} of ${config.epochs}`,
    );
}
