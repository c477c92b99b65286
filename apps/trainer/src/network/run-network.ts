import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Backend, createLoss } from '@cf/core';
import { createRandom, shuffledBatches } from '@cf/data';
import { learningRate as learningRateAt } from '@cf/onnx';
import type { NetworkTraining } from '../settings/train-config.ts';
import { startProgress } from '../ui/progress.ts';
import type {
  NetworkData,
  NetworkMetrics,
  NetworkOptions,
  NetworkState,
  TrainableNetwork,
} from './network-state.ts';
import { networkStep } from './network-step.ts';

/** The training's part of a configuration. */
export function networkOptions(config: NetworkTraining): NetworkOptions {
  const { epochs, batch, accumulate, momentum, weightDecay, augmentation, seed } = config;
  const schedule = { name: config.schedule, base: config.learningRate, warmupSteps: config.warmupSteps };
  return { epochs, batch, accumulate, momentum, weightDecay, schedule, augmentation, seed };
}

/** Optimiser steps an epoch. What is left over for a smaller batch waits for another epoch's shuffle. */
export function networkStepsPerEpoch(samples: number, { batch, accumulate }: NetworkOptions): number {
  return Math.max(1, Math.floor(samples / (batch * accumulate)));
}

export interface NetworkHooks {
  readonly label: string;
  /** Stops after the current step. */
  readonly signal: AbortSignal;
  onStep?(metrics: NetworkMetrics): unknown;
  /** After each epoch, and after the last step of an interrupted run. */
  onCheckpoint?(state: NetworkState): Promise<void>;
}

/**
 * Trains from a state to the last epoch, or to an interruption, with progress. Batches and augmentation depend on
 * seed and epoch alone, so an interrupted run goes on with the same ones.
 *
 * @throws DivergedError
 */
export async function runNetwork(
  config: NetworkTraining,
  network: TrainableNetwork,
  data: NetworkData,
  backend: Backend,
  start: NetworkState,
  hooks: NetworkHooks,
): Promise<NetworkState> {
  const options = networkOptions(config);
  const perEpoch = networkStepsPerEpoch(data.labels.length, options);
  const total = perEpoch * options.epochs;
  const head = await backend.createHead(createLoss(config.loss.name, config.loss.params));
  const progress = startProgress(hooks.label, total, 'steps', start.step);
  let state = start;
  try {
    for (let epoch = Math.floor(start.step / perEpoch); epoch < options.epochs; epoch++) {
      for (const samples of epochBatches(data, options, epoch).slice(state.step - epoch * perEpoch)) {
        const learningRate = learningRateAt(state.step, { ...options.schedule, totalSteps: total });
        const place = { epoch, samples, learningRate };
        const done = await networkStep({ network, head }, state, data, place, options);
        state = done.state;
        hooks.onStep?.(done.metrics);
        progress.update(state.step, stepText(done.metrics));
        // Ctrl-C and the progress line need a turn of the event loop.
        await nextTurn();
        if (hooks.signal.aborted) break;
      }
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

function epochBatches(
  { labels }: NetworkData,
  { batch, accumulate, seed }: NetworkOptions,
  epoch: number,
): readonly Uint32Array[] {
  const size = batch * accumulate;
  return shuffledBatches(labels.length, size, seed, epoch, { dropLast: labels.length >= size });
}

function stepText({ epoch, loss, imagesPerSecond }: NetworkMetrics): string {
  return `epoch ${epoch}, loss ${loss.toFixed(3)}, ${imagesPerSecond.toFixed(0)} images/s`;
}

/** The same data with its labels dealt anew: nothing can be learned from it. */
export function withShuffledLabels(data: NetworkData, seed: number): NetworkData {
  const random = createRandom(seed).fork('shuffled labels');
  return { ...data, labels: random.shuffle(Int32Array.from(data.labels)) };
}
