import {
  type Communicator,
  type OptionNames,
  OptionOutOfRangeError,
  requireChoice,
  requireInteger,
  requireKnownOptions,
  requirePositive,
  requireRange,
  ShapeMismatchError,
} from '@cf/core';
import type { RowClipping } from '../optimiser/row-update.ts';
import { classCount } from './samples.ts';
import { requireShadows, type Shadows } from './shadows.ts';
import type { TrainingOptions, TrainingTask } from './training-task.ts';

const OPTIONS: OptionNames<TrainingOptions> = {
  epochs: true,
  batch: true,
  accumulate: true,
  lastBatch: true,
  rule: true,
  weightDecay: true,
  clipCenters: true,
  update: true,
  biasWeightDecay: true,
  subCenters: true,
  schedule: true,
  seed: true,
  precision: true,
};

const CLIPPING: OptionNames<RowClipping> = { by: true, limit: true };

const TASK: OptionNames<TrainingTask> = {
  learner: true,
  head: true,
  samples: true,
  options: true,
  sampler: true,
  state: true,
  ranks: true,
  shadows: true,
  signal: true,
  checkpointDue: true,
};

/**
 * Checks a task before anything is opened.
 *
 * @throws OptionOutOfRangeError, ShapeMismatchError, UnknownNameError
 */
export function checkTask(task: TrainingTask): void {
  requireKnownOptions('train', task, TASK);
  const { learner, head, samples, options, shadows, ranks } = task;
  requireKnownOptions('the training', options, OPTIONS);
  const { epochs, batch, accumulate = 1, seed } = options;
  const { weightDecay = 0, biasWeightDecay = 0, subCenters = 1 } = options;
  const most = Number.MAX_SAFE_INTEGER;
  requireInteger('epochs', epochs, 0, most);
  requireInteger('batch', batch, 1, most);
  requireInteger('accumulate', accumulate, 1, most);
  requireInteger('seed', seed, -most, most);
  requireRange('weightDecay', weightDecay, 0, Number.MAX_VALUE);
  requireRange('biasWeightDecay', biasWeightDecay, 0, Number.MAX_VALUE);
  requireInteger('subCenters', subCenters, 1, most);
  if (head.subCenters !== subCenters) {
    const expected = `${head.subCenters}, as the head has`;
    const fix = 'make the head with the same subCenters as the training.';
    throw new OptionOutOfRangeError('subCenters', subCenters, expected, fix);
  }
  requireUpdate(options, shadows);
  if (ranks !== undefined) requireRanks(ranks, { learner, samples, options, shadows });
  if (shadows !== undefined) requireShadows(shadows, head.loss, subCenters);
  requireInteger('samples.count', samples.count, 1, 2 ** 32);
  requireInteger('samples.classes', classCount(samples), 1, 2 ** 31);
  if (samples.labels.length !== samples.count)
    throw new ShapeMismatchError(
      `${samples.labels.length} labels`,
      `one for each of ${samples.count} samples`,
    );
  requireWeights('weights', samples.weights, samples.count);
  requireWeights('classWeights', samples.classWeights, classCount(samples));
}

function requireRanks(
  { size }: Communicator,
  {
    learner,
    samples,
    options,
    shadows,
  }: Pick<TrainingTask, 'learner' | 'samples' | 'options'> & { readonly shadows: Shadows | undefined },
): void {
  const most = Math.min(classCount(samples), options.batch);
  if (size > most)
    throw new OptionOutOfRangeError(
      'ranks',
      size,
      `at most ${most} for ${classCount(samples)} classes and batches of ${options.batch}`,
      'start fewer ranks.',
    );
  if (shadows !== undefined && shadows.losses.length > 0)
    throw new OptionOutOfRangeError('shadows', 'given', 'none in a training of several ranks');
  if (learner.sumGradients === undefined)
    throw new OptionOutOfRangeError('learner', 'one of one rank', 'a learner with sumGradients');
}

function requireUpdate({ update = 'plain', clipCenters }: TrainingOptions, shadows?: Shadows): void {
  requireChoice('update', update, ['plain', 'fused']);
  if (update === 'fused' && shadows !== undefined && shadows.losses.length > 0)
    throw new OptionOutOfRangeError(
      'update',
      update,
      'plain where losses look on, which read the class centers after the step',
    );
  if (clipCenters === undefined) return;
  requireKnownOptions('clipCenters', clipCenters, CLIPPING);
  requireChoice('clipCenters.by', clipCenters.by, ['row', 'norm']);
  requirePositive('clipCenters.limit', clipCenters.limit);
}

function requireWeights(name: string, weights: ArrayLike<number> | undefined, count: number): void {
  if (weights === undefined) return;
  if (weights.length !== count)
    throw new ShapeMismatchError(`samples.${name} of length ${weights.length}`, `[${count}]`);
  const at = Array.from(weights).findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (at >= 0) throw new OptionOutOfRangeError(`samples.${name}[${at}]`, weights[at], 'a finite weight ≥ 0');
}
