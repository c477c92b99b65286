import {
  type Backend,
  BackendError,
  type Communicator,
  type FloatArray,
  type Head,
  sampledHead,
} from '@cf/core';
import {
  type StepMetrics,
  shareOf,
  DivergedError as TrainingDiverged,
  type TrainingState,
  type TrainingTask,
  train,
} from '@cf/training';
import type { NamedSamples } from '../dataset/picture-samples.ts';
import { DivergedError } from '../errors.ts';
import { startProgress } from '../report/progress.ts';
import { lossOf } from '../settings/loss-of.ts';
import { samplerOf } from '../settings/sampler-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { trainingOptions } from '../settings/training-options.ts';
import { openShadows } from './open-shadows.ts';

/** What a training of a configuration is of. */
export type Training = Pick<TrainingTask, 'learner' | 'state'> & {
  /** That share it. */
  readonly ranks?: Communicator | undefined;
  readonly samples: NamedSamples;
  readonly config: TrainConfig;
  readonly backend: Backend;
  /** Stops after the current step. */
  readonly signal: AbortSignal;
};

export interface TrainingHooks {
  readonly label: string;
  /** @param indices of the samples of the step @param losses of each of them */
  onStep?(metrics: StepMetrics, indices: Uint32Array, losses: FloatArray): unknown;
  /** Before the first step of a new training, after each epoch, and after the last step of an interrupted one. */
  onCheckpoint?(state: TrainingState): Promise<void>;
  /** Whether a checkpoint is wanted within an epoch as well. */
  checkpointDue?(step: number): boolean;
  /** Asked after each checkpoint: whether the training ends there. */
  isEnough?(): boolean;
}

/**
 * Trains to the last epoch, or to an interruption, with progress.
 *
 * @throws DivergedError; StateMismatchError if the state does not fit
 */
export async function runTraining(training: Training, hooks: TrainingHooks): Promise<void> {
  const { config, backend, samples, state, ranks, ...task } = training;
  const options = trainingOptions(config);
  requireRows(backend, config);
  const sampler = samplerOf(config, samples);
  const total = sampler.steps * options.epochs;
  const head = await openHead(training);
  const { shadows, dispose } = await openShadows(backend, config, samples).catch((error: unknown) => {
    head.dispose();
    throw error;
  });
  let step = state?.step ?? 0;
  const progress = startProgress(hooks.label, total, 'steps', step);
  try {
    const given = {
      ...task,
      head,
      samples,
      sampler,
      options,
      ...(state === undefined ? {} : { state }),
      ...(ranks && { ranks }),
      ...(shadows && { shadows }),
      checkpointDue: (reached: number): boolean => hooks.checkpointDue?.(reached) ?? false,
    };
    for await (const event of train(given)) {
      if (event.type === 'step') {
        step = event.metrics.step;
        hooks.onStep?.(event.metrics, event.indices, event.losses);
        progress.update(step, stepText(event.metrics));
      } else if (event.type === 'checkpoint') {
        await hooks.onCheckpoint?.(event.state);
        if (!hooks.isEnough?.()) continue;
        progress.stop(`${hooks.label}: stopped early at step ${step} of ${total}`);
        break;
      } else if (event.type === 'done' && event.interrupted)
        progress.stop(`${hooks.label}: interrupted at step ${step} of ${total}`);
      else if (event.type === 'done') progress.finish();
    }
  } catch (error) {
    progress.stop(`${hooks.label}: stopped at step ${step}`);
    throw error instanceof TrainingDiverged ? new DivergedError(error) : error;
  } finally {
    dispose();
    head.dispose();
  }
}

/** The head of a training, over all classes or over those drawn for each step. */
function openHead({ backend, config, samples, ranks }: Training): Promise<Head> {
  const loss = lossOf(config, samples);
  const { subCenters, sampleRate: rate, sampleNegatives: negatives, seed } = config;
  const shard = ranks && { communicator: ranks, firstClass: shareOf(samples.classes.length, ranks).from };
  return rate === undefined
    ? backend.createHead(loss, { subCenters, ...shard })
    : sampledHead(backend, loss, { rate, negatives, seed, subCenters, ...shard });
}

/** @throws BackendError where rows of a gradient would all be there before the first is taken */
function requireRows({ name, handsOverRows }: Backend, { update, sampleRate }: TrainConfig): void {
  if (update === 'plain' || sampleRate !== undefined || handsOverRows) return;
  throw new BackendError(
    `--update ${update} on the head ${name}, which has ∂L/∂W as a whole`,
    'a head that hands its rows over, such as onnx',
    'give --head onnx, or leave --update out.',
  );
}

function stepText({ epoch, loss, imagesPerSecond, dataShare }: StepMetrics): string {
  const speed = `${imagesPerSecond.toFixed(0)} images/s, ${(100 * dataShare).toFixed(0)} % of it waiting for data`;
  return `epoch ${epoch}, loss ${loss.toFixed(3)}, ${speed}`;
}
