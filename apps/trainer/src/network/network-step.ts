import { type CfError, type Head, NonFiniteError } from '@cf/core';
import { augmentBatch } from '@cf/data';
import { DivergedError } from '../errors.ts';
import { sgdStep } from '../optimiser/sgd.ts';
import type {
  LearnOutput,
  NetworkData,
  NetworkMetrics,
  NetworkOptions,
  NetworkState,
  TrainableNetwork,
} from './network-state.ts';

/** What a step belongs to. */
export interface StepPlace {
  /** From 0. */
  readonly epoch: number;
  /** Samples of the step, by position in the data. */
  readonly samples: Uint32Array;
  readonly learningRate: number;
}

/** A network with the head on top of it. */
export interface NetworkInTraining {
  readonly network: TrainableNetwork;
  readonly head: Head;
}

/**
 * One optimiser step: pictures, embeddings, target cosines and t, loss, gradients back through the network, SGD on
 * its weights and on the class centers.
 *
 * Each micro-batch is a batch of its own to normalisations and to the loss, so t moves with each; gradients are
 * averaged over all of them.
 *
 * @throws DivergedError at a number that is not finite; the network and the state are then not to be used further
 */
export async function networkStep(
  { network, head }: NetworkInTraining,
  state: NetworkState,
  data: NetworkData,
  place: StepPlace,
  options: NetworkOptions,
): Promise<{ readonly state: NetworkState; readonly metrics: NetworkMetrics }> {
  const started = performance.now();
  const { learningRate, samples, epoch } = place;
  const parts = microBatches(samples, options.batch);
  const outputs: LearnOutput[] = [];
  let { lossState } = state;
  const gradientNorm = await finite(state.step + 1, learningRate, async () => {
    for (const part of parts) {
      const share = part.length / samples.length;
      const output = await microStep(
        { network, head },
        { ...state, lossState },
        data,
        { epoch, part, share },
        options,
      );
      lossState = output.state;
      outputs.push(output);
    }
    return (await network.update(learningRate)).gradientNorm;
  });
  const loss = weighted(outputs, parts, (output) => output.loss);
  moveCenters(state, outputs, parts, learningRate, options);
  requireConverging(state, loss, learningRate);
  const seconds = (performance.now() - started) / 1000;
  return {
    state: { ...state, lossState, step: state.step + 1 },
    metrics: {
      step: state.step + 1,
      epoch: epoch + 1,
      loss,
      learningRate,
      gradientNorm,
      ...outputs.at(-1)!.diagnostics,
      imagesPerSecond: samples.length / seconds,
    },
  };
}

async function microStep(
  { network, head }: NetworkInTraining,
  state: NetworkState,
  data: NetworkData,
  { epoch, part, share }: { readonly epoch: number; readonly part: Uint32Array; readonly share: number },
  { augmentation, seed }: NetworkOptions,
): Promise<LearnOutput> {
  const { store, rows, labels } = data;
  const pictures = Int32Array.from(part, (sample) => rows[sample]!);
  const images = augmentBatch(store, pictures, augmentation, { seed, epoch });
  const shape = [part.length, store.channels, store.height, store.width];
  const target = {
    weights: state.centers,
    ...(state.classBias === undefined ? {} : { bias: state.classBias }),
    labels: Int32Array.from(part, (sample) => labels[sample]!),
    sampleKeys: part,
    state: state.lossState,
  };
  const output = await network.learn({ images, shape, step: state.step, share, target }, head);
  if (!Number.isFinite(output.loss)) throw new NonFiniteError('loss', 0, output.loss);
  return output;
}

/** SGD on the class centers, as on the network's weights; no decay on the bias. */
function moveCenters(
  { centers, classBias, velocities }: NetworkState,
  outputs: readonly LearnOutput[],
  parts: readonly Uint32Array[],
  learningRate: number,
  { momentum, weightDecay }: NetworkOptions,
): void {
  const sgd = { learningRate, momentum, weightDecay };
  const total = (pick: (output: LearnOutput) => ArrayLike<number>): ArrayLike<number> =>
    outputs.length === 1 ? pick(outputs[0]!) : weightedArrays(outputs, parts, pick);
  sgdStep(
    centers,
    total(({ gradWeights }) => gradWeights),
    velocities[0]!,
    sgd,
  );
  if (classBias === undefined) return;
  const gradient = total(({ gradBias }) => gradBias!);
  sgdStep(classBias, gradient, velocities[1]!, { ...sgd, weightDecay: 0 });
}

/** Larger class centers are of no use, and float32 can't hold their squared norms. */
const LARGEST_PARAMETER = 1e9;

function requireConverging(
  { centers, classBias, step }: NetworkState,
  loss: number,
  learningRate: number,
): void {
  const numbers: Record<string, ArrayLike<number>> = {
    loss: [loss],
    'class.centers': centers,
    'class.bias': classBias ?? [],
  };
  for (const [name, values] of Object.entries(numbers)) {
    for (let i = 0; i < values.length; i++) {
      if (Math.abs(values[i]!) <= LARGEST_PARAMETER) continue;
      throw new DivergedError(step + 1, learningRate, `${name}[${i}] = ${values[i]}`);
    }
  }
}

/** @throws DivergedError in place of NonFiniteError */
async function finite<T>(step: number, learningRate: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
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

function weighted(
  outputs: readonly LearnOutput[],
  parts: readonly Uint32Array[],
  pick: (output: LearnOutput) => number,
): number {
  const samples = parts.reduce((sum, { length }) => sum + length, 0);
  return outputs.reduce((sum, output, i) => sum + (pick(output) * parts[i]!.length) / samples, 0);
}

function weightedArrays(
  outputs: readonly LearnOutput[],
  parts: readonly Uint32Array[],
  pick: (output: LearnOutput) => ArrayLike<number>,
): Float64Array {
  const samples = parts.reduce((sum, { length }) => sum + length, 0);
  const out = new Float64Array(pick(outputs[0]!).length);
  for (const [i, output] of outputs.entries()) {
    const values = pick(output);
    const share = parts[i]!.length / samples;
    for (let k = 0; k < out.length; k++) out[k]! += share * values[k]!;
  }
  return out;
}
