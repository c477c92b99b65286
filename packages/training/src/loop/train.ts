import {
  type Communicator,
  checkLabels,
  type Sampler,
  ShapeMismatchError,
  SharedTiles,
  uniformSampler,
} from '@cf/core';
import { DivergedError } from '../errors.ts';
import type { Learner, SampleData } from '../learner/learner.ts';
import { arrayOptimiser } from '../optimiser/array-optimiser.ts';
import { learningRateAt } from '../schedule/learning-rate.ts';
import { checkTask } from './check-task.ts';
import type { TrainingEvent } from './events.ts';
import { nextTurn } from './next-turn.ts';
import { shareOf } from './rank-shares.ts';
import { type BatchRequest, classCount, oneByOne, weightsOf } from './samples.ts';
import { shadowStates } from './shadows.ts';
import { firstHeadState, type HeadState, requireFit } from './training-state.ts';
import { type LearnerWithHead, type StepBatch, type StepResult, trainingStep } from './training-step.ts';
import type { TrainingOptions, TrainingTask } from './training-task.ts';

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
  const isStopped = async (): Promise<boolean> => (await ofAny(task.ranks, signal?.aborted))[0]!;
  let interrupted = await isStopped();
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
        const epochGoesOn = state.step < (epoch + 1) * perEpoch;
        const due = epochGoesOn && checkpointDue?.(state.step);
        const [stopped, isDue] = await ofAny(task.ranks, signal?.aborted, due);
        interrupted = stopped!;
        if (interrupted) break;
        if (isDue) yield await checkpointOf(learner, state);
      }
      if (state.step === (epoch + 1) * perEpoch)
        yield { type: 'epoch', epoch: epoch + 1, step: state.step, leftOut: sampler.leftOut };
      yield await checkpointOf(learner, state);
      interrupted = await isStopped();
    }
  } finally {
    await data.return();
  }
  yield { type: 'done', step: state.step, interrupted: interrupted && state.step < perEpoch * epochs };
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

/** What any rank wants all do, after the same step. */
async function ofAny(
  ranks: Communicator | undefined,
  ...wanted: readonly (boolean | undefined)[]
): Promise<readonly boolean[]> {
  const values = Float64Array.from(wanted, (one) => (one ? 1 : 0));
  await ranks?.allReduce(values, 'max');
  return Array.from(values, (value) => value === 1);
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
