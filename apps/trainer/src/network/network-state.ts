import {
  type Head,
  type HeadInput,
  type HeadOutput,
  initialState,
  type LossState,
  type MarginLoss,
} from '@cf/core';
import { type AugmentOptions, createRandom, type ImageStore } from '@cf/data';
import type { Schedule, TrainingState as SessionState } from '@cf/onnx';
import type { EmbeddingNetwork } from '../features/onnx-network.ts';
import type { RUN_FILES } from '../run/run-folder.ts';
import type { StepMetrics } from '../training/train-embedding.ts';

/** Some samples of an optimiser step: what batch statistics and the loss see at once. */
export interface MicroBatch {
  /** [B, channels, height, width], 0 … 255. */
  readonly images: Float32Array;
  readonly shape: readonly number[];
  /** Optimiser steps before this one. */
  readonly step: number;
  /** Share of the step's samples that it has. */
  readonly share: number;
  /** What the head takes beside the embeddings. */
  readonly target: Omit<HeadInput, 'embeddings' | 'dim'>;
}

/** What a micro-batch tells of the loss and of the class centers. */
export type LearnOutput = Pick<HeadOutput, 'loss' | 'gradWeights' | 'gradBias' | 'state' | 'diagnostics'>;

/** What training asks of a network, whatever engine runs it. */
export interface TrainableNetwork {
  /**
   * One micro-batch: forward, head, and back. The gradients of the network's weights, times the share, add up until the
   * next update; those of the class centers are in the output.
   */
  learn(batch: MicroBatch, head: Head): Promise<LearnOutput>;
  /** One optimiser step. @throws NonFiniteError at a gradient that is not finite */
  update(learningRate: number): Promise<{ readonly gradientNorm: number }>;
  state(): Promise<SessionState>;
  load(state: SessionState): void;
  /** The network as it now is, to embed with and to keep. */
  trained(): Promise<TrainedNetwork>;
  dispose(): Promise<void>;
}

/** A network after training. */
export interface TrainedNetwork {
  /** To be disposed of. */
  readonly inference: EmbeddingNetwork;
  /** What is kept of it in the run folder. */
  readonly files: ReadonlyMap<keyof typeof RUN_FILES, Uint8Array>;
}

/** Everything that changes while training, beside what the network holds itself. */
export interface NetworkState {
  /** W: [C, d]. */
  readonly centers: Float32Array;
  /** b: [C], for losses with a bias. */
  readonly classBias: Float32Array | undefined;
  /** Momentum of W and of the class bias, in this order. */
  readonly velocities: readonly Float32Array[];
  readonly lossState: LossState;
  /** Optimiser steps done. */
  readonly step: number;
}

/** Pictures and labels to train on. */
export interface NetworkData {
  readonly store: ImageStore;
  /** Which pictures of the store are trained on: [N]. */
  readonly rows: Int32Array;
  /** [N]. */
  readonly labels: Int32Array;
  readonly classes: number;
}

/** How a network is trained. */
export interface NetworkOptions {
  readonly epochs: number;
  /** Pictures a micro-batch: what batch statistics and the loss see at once. */
  readonly batch: number;
  /** Micro-batches an optimiser step. */
  readonly accumulate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly schedule: Omit<Schedule, 'totalSteps'>;
  readonly augmentation: AugmentOptions;
  readonly seed: number;
}

/** What one optimiser step of a network tells; of the diagnostics, those of its last micro-batch. */
export interface NetworkMetrics extends StepMetrics {
  /** Euclidean norm over all parameters of the network. */
  readonly gradientNorm: number;
  /** Of the step: pictures that were trained on, over the time that it took. */
  readonly imagesPerSecond: number;
}

/** The state before the first step: class centers from N(0, 0.01²), as the authors' release initialises them. */
export function firstNetworkState(
  loss: MarginLoss,
  classes: number,
  dim: number,
  seed: number,
): NetworkState {
  const random = createRandom(seed).fork('class centers');
  const centers = Float32Array.from({ length: classes * dim }, () => 0.01 * random.normal());
  const classBias = loss.bias ? new Float32Array(classes) : undefined;
  const parameters = [centers, ...(classBias === undefined ? [] : [classBias])];
  const velocities = parameters.map(({ length }) => new Float32Array(length));
  return { centers, classBias, velocities, lossState: initialState(loss), step: 0 };
}
