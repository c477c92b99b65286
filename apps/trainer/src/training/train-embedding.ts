import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CfError, type Head, type HeadDiagnostics, type LossState, NonFiniteError } from '@cf/core';
import { createRandom, shuffledBatches } from '@cf/data';
import { learningRate as learningRateAt, type Schedule } from '@cf/onnx';
import { DivergedError } from '../errors.ts';
import { backward, forward, type LinearEmbedding, standardise } from '../model/linear-embedding.ts';
import { sgdStep } from '../optimiser/sgd.ts';

/** Everything that changes while training; what a checkpoint holds. */
export interface TrainingState {
  readonly model: LinearEmbedding;
  /** W: [C, d]. */
  readonly centers: Float64Array;
  /** b: [C], for losses with a bias. */
  readonly classBias: Float64Array | undefined;
  /** Momentum of V, b, W and the class bias, in this order. */
  readonly velocities: readonly Float64Array[];
  readonly lossState: LossState;
  /** Optimiser steps done. */
  readonly step: number;
}

/** What one optimiser step tells. */
export interface StepMetrics extends HeadDiagnostics {
  /** From 1. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
}

export interface TrainingOptions {
  readonly epochs: number;
  /** Samples a micro-batch. */
  readonly batch: number;
  /** Micro-batches an optimiser step. */
  readonly accumulate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly schedule: Omit<Schedule, 'totalSteps'>;
  readonly seed: number;
}

/** Features and labels to train on. */
export interface TrainingData {
  /** [N, inputDim]. */
  readonly features: Float32Array;
  /** [N]. */
  readonly labels: Int32Array;
  readonly classes: number;
}

/** Samples of one optimiser step. */
function samplesAStep(options: TrainingOptions): number {
  return options.batch * options.accumulate;
}

/** Optimiser steps an epoch. What is left over for a smaller batch waits for another epoch's shuffle. */
export function stepsPerEpoch(samples: number, options: TrainingOptions): number {
  return Math.max(1, Math.floor(samples / samplesAStep(options)));
}

/** The state before the first step: class centers from N(0, 0.01²), as the authors' release initialises them. */
export function startTraining(
  model: LinearEmbedding,
  data: TrainingData,
  lossState: LossState,
  withClassBias: boolean,
  seed: number,
): TrainingState {
  const random = createRandom(seed).fork('class centers');
  const centers = Float64Array.from({ length: data.classes * model.outputDim }, () => 0.01 * random.normal());
  const classBias = withClassBias ? new Float64Array(data.classes) : undefined;
  const parameters = [model.weight, model.bias, centers, ...(classBias === undefined ? [] : [classBias])];
  const velocities = parameters.map(({ length }) => new Float64Array(length));
  return { model, centers, classBias, velocities, lossState, step: 0 };
}

/**
 * One epoch of Algorithm 1 of the paper (Huang et al. 2020): sample a batch, embed, target cosines and their mean r,
 * move t, modulate the negatives, loss, gradients, SGD on the embedding and the class centers. Parameters change in
 * place; the returned state holds the same arrays.
 *
 * Batches depend on seed and epoch alone, so an interrupted run goes on with the same ones.
 *
 * @param onStep is told of every step; it returns false to stop after it.
 * @throws DivergedError
 */
export async function trainEpoch(
  state: TrainingState,
  data: TrainingData,
  head: Head,
  epoch: number,
  options: TrainingOptions,
  onStep: (metrics: StepMetrics, state: TrainingState) => boolean,
): Promise<TrainingState> {
  const perEpoch = stepsPerEpoch(data.labels.length, options);
  const schedule = { ...options.schedule, totalSteps: perEpoch * options.epochs };
  const batches = shuffledBatches(data.labels.length, samplesAStep(options), options.seed, epoch, {
    dropLast: data.labels.length >= samplesAStep(options),
  });
  let current = state;
  for (const samples of batches.slice(current.step - epoch * perEpoch)) {
    const learningRate = learningRateAt(current.step, schedule);
    const { lossState, loss, diagnostics } = await step(current, data, head, samples, learningRate, options);
    current = { ...current, lossState, step: current.step + 1 };
    const metrics = { step: current.step, epoch: epoch + 1, loss, learningRate, ...diagnostics };
    // A head may compute without ever giving way; Ctrl-C and the progress line need a turn of the event loop.
    await nextTurn();
    if (!onStep(metrics, current)) break;
  }
  return current;
}

async function step(
  state: TrainingState,
  data: TrainingData,
  head: Head,
  samples: Uint32Array,
  learningRate: number,
  options: TrainingOptions,
): Promise<{ lossState: LossState; loss: number; diagnostics: HeadDiagnostics }> {
  const { model, centers, classBias, velocities, lossState } = state;
  // Micro-batches pass through the backbone one by one; the head then sees all of them, so t moves once.
  const inputs = microBatches(samples, options.batch).map((part) => standardise(model, data.features, part));
  const embeddings = concatenate(inputs.map((input) => forward(model, input)));
  const output = await stepHead(head, state.step + 1, learningRate, {
    embeddings,
    weights: centers,
    ...(classBias === undefined ? {} : { bias: classBias }),
    labels: Int32Array.from(samples, (sample) => data.labels[sample]!),
    dim: model.outputDim,
    sampleKeys: samples,
    state: lossState,
  });
  const gradient = backward(model, concatenate(inputs), output.gradEmbeddings);
  const sgd = { learningRate, momentum: options.momentum, weightDecay: options.weightDecay };
  sgdStep(model.weight, gradient.weight, velocities[0]!, sgd);
  sgdStep(model.bias, gradient.bias, velocities[1]!, { ...sgd, weightDecay: 0 });
  sgdStep(centers, output.gradWeights, velocities[2]!, sgd);
  if (classBias !== undefined)
    sgdStep(classBias, output.gradBias!, velocities[3]!, { ...sgd, weightDecay: 0 });
  requireConverging(state, output.loss, learningRate);
  return { lossState: output.state, loss: output.loss, diagnostics: output.diagnostics };
}

/** Larger parameters are of no use, and float32 can't hold the squared norms of the embeddings that they give. */
const LARGEST_PARAMETER = 1e9;

/** No step ends with a number out of bounds, so no checkpoint ever holds one. @throws DivergedError */
function requireConverging(
  { model, centers, classBias, step }: TrainingState,
  loss: number,
  learningRate: number,
): void {
  const parameters: Record<string, ArrayLike<number>> = {
    loss: [loss],
    'embedding.weight': model.weight,
    'embedding.bias': model.bias,
    'class.centers': centers,
    'class.bias': classBias ?? [],
  };
  for (const [name, values] of Object.entries(parameters)) {
    for (let i = 0; i < values.length; i++) {
      if (Math.abs(values[i]!) <= LARGEST_PARAMETER) continue;
      throw new DivergedError(step + 1, learningRate, `${name}[${i}] = ${values[i]}`);
    }
  }
}

/** One step of a head. @throws DivergedError in place of NonFiniteError */
async function stepHead(
  head: Head,
  step: number,
  learningRate: number,
  input: Parameters<Head['step']>[0],
): ReturnType<Head['step']> {
  try {
    return await head.step(input);
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    throw new DivergedError(step, learningRate, (error as CfError).given, error);
  }
}

function microBatches(samples: Uint32Array, size: number): Uint32Array[] {
  const parts: Uint32Array[] = [];
  for (let from = 0; from < samples.length; from += size) parts.push(samples.subarray(from, from + size));
  return parts;
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0]!;
  const out = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
