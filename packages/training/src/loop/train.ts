import {
  type Communicator,
  checkLabels,
  type Head,
  type LastBatch,
  type OptionNames,
  OptionOutOfRangeError,
  requireChoice,
  requireInteger,
  requireKnownOptions,
  requirePositive,
  requireRange,
  type Sampler,
  ShapeMismatchError,
  SharedTiles,
  uniformSampler,
} from '@cf/core';
import { DivergedError } from '../errors.ts';
import type { Learner, SampleData } from '../learner/learner.ts';
import { arrayOptimiser } from '../optimiser/array-optimiser.ts';
import type { OptimiserRule } from '../optimiser/optimiser-rule.ts';
import type { RowClipping } from '../optimiser/row-update.ts';
import { learningRateAt, type Schedule } from '../schedule/learning-rate.ts';
import type { TrainingEvent } from './events.ts';
import { nextTurn } from './next-turn.ts';
import { shareOf } from './rank-shares.ts';
import { type BatchRequest, classCount, oneByOne, type TrainingSamples, weightsOf } from './samples.ts';
import { requireShadows, type Shadows, shadowStates } from './shadows.ts';
import { firstHeadState, type HeadState, requireFit, type TrainingState } from './training-state.ts';
import { type LearnerWithHead, type StepBatch, type StepResult, trainingStep } from './training-step.ts';

/** How long and how fast to train. */
export interface TrainingOptions {
  readonly epochs: number;
  /** Samples a micro-batch: what the learner, and its batch statistics, see at once. */
  readonly batch: number;
  /** Micro-batches an optimiser step, which are one batch to the loss; 1 by default. */
  readonly accumulate?: number;
  /** What becomes of samples left over for a smaller step, without a sampler of one's own; `drop` by default. */
  readonly lastBatch?: LastBatch;
  /** Of class centers and bias; the learner has its own. */
  readonly rule: OptimiserRule;
  /** λ of the class centers; 0 by default. */
  readonly weightDecay?: number;
  /**
   * Largest length of the gradient of the class centers, each row's by itself or that of all together; a longer one is scaled
   * down. No limit by default. The learner has its own. Under a fused update a limit of all together costs another pass over
   * the classes.
   */
  readonly clipCenters?: RowClipping;
  /**
   * When class centers move: `plain`, by default, once ∂L/∂W [C·K, d] is there; `fused`, with each of its rows, which then
   * takes no memory on backends with `handsOverRows`. The numbers are the same to the bit. Losses can't look on at a fused
   * update, which leaves them no W to look at.
   */
  readonly update?: 'plain' | 'fused';
  /** λ of their bias, where the loss has one; 0 by default. */
  readonly biasWeightDecay?: number;
  /** K, class centers a class: what the head was made with. 1 by default. */
  readonly subCenters?: number;
  /** The length of the training is known without. */
  readonly schedule: Omit<Schedule, 'totalSteps'>;
  /** Of the order of samples, of what a batch draws, and of the first class centers. */
  readonly seed: number;
  /** Of the first class centers; float32 by default. */
  readonly precision?: 'float32' | 'float64';
}

/** Whom to train, on what, and how. */
export interface TrainingTask {
  readonly learner: Learner;
  readonly head: Head;
  readonly samples: TrainingSamples;
  readonly options: TrainingOptions;
  /** Which samples a step sees, batch·accumulate of them but for a last one; by default all in random order. */
  readonly sampler?: Sampler;
  /** To go on from; a first one by default. Its arrays are trained in place. */
  readonly state?: TrainingState;
  /**
   * The ranks that share this training, each with the same task, samples and options, a learner of the same weights, and a head
   * over its own classes: made with this communicator and `firstClass` as `shareOf` of the classes has it. A step's batch is
   * that of all: each rank embeds its share of the samples, and holds the centers of its share of the classes, which are those
   * of its state. Loss, t and what comes of them are the same on all, to the bit.
   */
  readonly ranks?: Communicator;
  /** Losses that look on at its batches and change nothing. */
  readonly shadows?: Shadows;
  /** Stops the training after the current step. */
  readonly signal?: AbortSignal;
  /** Whether a checkpoint is wanted after a step, in the middle of an epoch; never by default. @param step steps done */
  readonly checkpointDue?: (step: number) => boolean;
}

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

/** The sampler of a training that has none of its own: every sample once an epoch. */
export function defaultSampler(
  count: number,
  {
    batch,
    accumulate = 1,
    seed,
    lastBatch,
  }: Pick<TrainingOptions, 'batch' | 'accumulate' | 'seed' | 'lastBatch'>,
): Sampler {
  return uniformSampler({ count, size: batch * accumulate, seed, ...(lastBatch && { lastBatch }) });
}

/**
 * Algorithm 1 of CurricularFace (Huang et al. 2020) for any loss, learner and backend, from a state to the last epoch or
 * to an interruption. What happens comes out as events; the loop waits while one is looked at. Learner and head are the
 * caller's to dispose of.
 *
 * Order of samples, augmentation and draws depend on seed, epoch and step alone, so a training that goes on from a
 * checkpoint goes on with the same ones, to the same bits.
 *
 * @throws DivergedError after the event that says so
 * @throws OptionOutOfRangeError, ShapeMismatchError if options or samples do not fit
 * @throws LabelOutOfRangeError if a sample's label is no class
 * @throws StateMismatchError if the state is of other classes, or of another loss or learner
 */
export async function* train(task: TrainingTask): AsyncGenerator<TrainingEvent, void, void> {
  const { learner, head, samples, options, signal, checkpointDue, shadows } = task;
  requireKnownOptions('train', task, TASK);
  requireKnownOptions('the training', options, OPTIONS);
  checkTask(task);
  const labels = checkLabels(samples.labels, classCount(samples), learner.embeddingSize);
  const { epochs, rule, weightDecay = 0, biasWeightDecay = 0 } = options;
  const { sampler = defaultSampler(samples.count, options) } = task;
  const parts: LearnerWithHead = {
    learner,
    head,
    centers: arrayOptimiser(rule, weightDecay),
    clipping: options.clipCenters,
    update: options.update ?? 'plain',
    ranks: task.ranks,
    classBias: arrayOptimiser(rule, biasWeightDecay),
    shadows: shadows && { ...shadows, tiles: new SharedTiles() },
  };
  const perEpoch = sampler.steps;
  const schedule = { ...options.schedule, totalSteps: Math.max(1, perEpoch * epochs) };
  // Told before a first checkpoint is written.
  learningRateAt(0, schedule);
  let state = await openState(task);
  if (task.state === undefined) yield await checkpointOf(learner, state);
  let gradWeights: Float32Array | undefined;
  let interrupted = signal?.aborted ?? false;
  const requests = requestsFrom(state.step, sampler, options, task.ranks);
  const data = samples.batches?.(requests) ?? oneByOne(samples, requests);
  try {
    for (let epoch = Math.floor(state.step / perEpoch); epoch < epochs && !interrupted; epoch++) {
      for (const indices of sampler.batches(epoch).slice(state.step - epoch * perEpoch)) {
        const started = performance.now();
        const learningRate = learningRateAt(state.step, schedule);
        const batch = await stepBatch(task, labels, indices, data);
        const waited = performance.now() - started;
        let done: StepResult;
        try {
          done = await trainingStep(parts, state, { ...batch, learningRate, gradWeights });
        } catch (error) {
          if (error instanceof DivergedError) yield { type: 'diverged', error };
          throw error;
        }
        state = done.state;
        const { gradWeights: whole } = done.output;
        gradWeights = whole instanceof Float32Array && whole.length > 0 ? whole : undefined;
        const took = performance.now() - started;
        await nextTurn();
        const speed = { imagesPerSecond: (1000 * indices.length) / took, dataShare: waited / took };
        const metrics = { ...done.metrics, epoch: epoch + 1, ...speed };
        yield { type: 'step', metrics, indices, losses: done.output.losses };
        interrupted = signal?.aborted ?? false;
        if (interrupted) break;
        const epochGoesOn = state.step < (epoch + 1) * perEpoch;
        if (epochGoesOn && checkpointDue?.(state.step)) yield await checkpointOf(learner, state);
      }
      if (state.step === (epoch + 1) * perEpoch)
        yield { type: 'epoch', epoch: epoch + 1, step: state.step, leftOut: sampler.leftOut };
      yield await checkpointOf(learner, state);
      interrupted = signal?.aborted ?? false;
    }
  } finally {
    await data.return();
  }
  yield { type: 'done', step: state.step, interrupted: interrupted && state.step < perEpoch * epochs };
}

function checkTask({ learner, head, samples, options, shadows, ranks }: TrainingTask): void {
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

/** The state to start with, which fits; the learner is then where it belongs. */
async function openState(task: TrainingTask): Promise<HeadState> {
  const { learner, head, samples, options, state, shadows } = task;
  const { embeddingSize } = learner;
  const { rule, subCenters = 1 } = options;
  const owner = {
    loss: head.loss,
    classes: samples.classes,
    subCenters,
    embeddingSize,
    rule,
    ranks: task.ranks,
  };
  const looking = shadows && { shadows: shadowStates(shadows, state?.shadows) };
  if (state === undefined) return { ...firstHeadState({ ...options, ...owner }), ...looking };
  const { learner: tensors, shadows: _, ...own } = state;
  requireFit(own, owner);
  await learner.load(tensors);
  return { ...own, classes: samples.classes, ...looking };
}

async function checkpointOf(learner: Learner, state: HeadState): Promise<TrainingEvent> {
  return { type: 'checkpoint', state: { ...state, learner: await learner.state() } };
}

/** Every micro-batch from a step on to the last epoch, epoch by epoch as they are asked for. */
function* requestsFrom(
  step: number,
  sampler: Sampler,
  { epochs, batch, seed }: TrainingOptions,
  ranks: Communicator | undefined,
): Generator<BatchRequest, void, undefined> {
  for (let epoch = Math.floor(step / sampler.steps); epoch < epochs; epoch++) {
    const key = { epoch, seed };
    for (const indices of sampler.batches(epoch).slice(Math.max(0, step - epoch * sampler.steps))) {
      for (const part of microBatches(indices, batch, ranks)) yield { indices: part, key };
    }
  }
}

/** Of a rank's share, each as large as its share of a micro-batch. */
function* microBatches(
  indices: Uint32Array,
  batch: number,
  ranks: Communicator | undefined,
): Generator<Uint32Array, void, undefined> {
  const { from, to } = shareOf(indices.length, ranks);
  const size = Math.ceil(batch / (ranks?.size ?? 1));
  for (let at = from; at < to; at += size) yield indices.subarray(at, Math.min(at + size, to));
}

/** Takes each micro-batch once; their activations are what takes memory, not their values. */
async function stepBatch(
  { samples, options: { batch }, ranks }: TrainingTask,
  allLabels: Int32Array,
  indices: Uint32Array,
  data: AsyncGenerator<SampleData, void, undefined>,
): Promise<Omit<StepBatch, 'learningRate' | 'gradWeights'>> {
  const parts: SampleData[] = [];
  for (const wanted of microBatches(indices, batch, ranks)) {
    const { value: part } = await data.next();
    if (part?.shape[0] !== wanted.length)
      throw new ShapeMismatchError(
        part === undefined ? 'no batch' : `a batch [${part.shape.join(', ')}]`,
        `${wanted.length} samples, as asked for`,
      );
    parts.push(part);
  }
  const labels = Int32Array.from(indices, (index) => allLabels[index]!);
  return { indices, labels, sampleWeights: weightsOf(samples, indices), parts };
}
