import { type Backend, createLoss, initialState } from '@cf/core';
import { createRandom } from '@cf/data';
import { randomEmbedding } from '../model/linear-embedding.ts';
import type { EmbeddingTraining } from '../settings/train-config.ts';
import { startProgress } from '../ui/progress.ts';
import {
  type StepMetrics,
  startTraining,
  stepsPerEpoch,
  type TrainingData,
  type TrainingOptions,
  type TrainingState,
  trainEpoch,
} from './train-embedding.ts';

/** The training's part of a configuration. */
export function trainingOptions(config: EmbeddingTraining): TrainingOptions {
  const { epochs, batch, accumulate, momentum, weightDecay, seed } = config;
  const schedule = { name: config.schedule, base: config.learningRate, warmupSteps: config.warmupSteps };
  return { epochs, batch, accumulate, momentum, weightDecay, seed, schedule };
}

/** The state that training with a configuration starts from. */
export function firstState(config: EmbeddingTraining, data: TrainingData, featureDim: number): TrainingState {
  const loss = createLoss(config.loss.name, config.loss.params);
  const model = randomEmbedding(data.features, featureDim, config.dim, config.seed);
  return startTraining(model, data, initialState(loss), loss.bias, config.seed);
}

export interface TrainingHooks {
  readonly label: string;
  /** Stops after the current step. */
  readonly signal: AbortSignal;
  onStep?(metrics: StepMetrics): unknown;
  /** After each epoch, and after the last step of an interrupted run. */
  onCheckpoint?(state: TrainingState): Promise<void>;
}

/** Trains from a state to the last epoch, or to an interruption, with progress. */
export async function runTraining(
  config: EmbeddingTraining,
  data: TrainingData,
  backend: Backend,
  start: TrainingState,
  hooks: TrainingHooks,
): Promise<TrainingState> {
  const options = trainingOptions(config);
  const perEpoch = stepsPerEpoch(data.labels.length, options);
  const total = perEpoch * options.epochs;
  const head = await backend.createHead(createLoss(config.loss.name, config.loss.params));
  const progress = startProgress(hooks.label, total, 'steps', start.step);
  let state = start;
  try {
    for (let epoch = Math.floor(start.step / perEpoch); epoch < options.epochs; epoch++) {
      state = await trainEpoch(state, data, head, epoch, options, (metrics) => {
        hooks.onStep?.(metrics);
        progress.update(metrics.step, `epoch ${metrics.epoch}, loss ${metrics.loss.toFixed(3)}`);
        return !hooks.signal.aborted;
      });
      await hooks.onCheckpoint?.(state);
      if (hooks.signal.aborted) break;
    }
  } catch (error) {
    progress.stop(`${hooks.label}: stopped at step ${state.step}`);
    throw error;
  } finally {
    head.dispose();
  }
  if (hooks.signal.aborted && state.step < total)
    progress.stop(`${hooks.label}: interrupted at step ${state.step} of ${total}`);
  else progress.finish();
  return state;
}

/** The same data with its labels dealt anew: nothing can be learned from it. */
export function shuffleLabels(data: TrainingData, seed: number): TrainingData {
  const random = createRandom(seed).fork('shuffled labels');
  return { ...data, labels: random.shuffle(Int32Array.from(data.labels)) };
}
