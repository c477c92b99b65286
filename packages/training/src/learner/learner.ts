import type { Communicator, FloatArray } from '@cf/core';
import type { NamedTensors } from './named-tensors.ts';

/** Values of some samples. */
export interface SampleData {
  /** Row-major, [B, ...sample], such as pictures [B, 3, H, W] of 0 to 255, or features [B, F]. */
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** Some samples of one optimiser step, as a learner takes them. */
export interface LearnerBatch extends SampleData {
  /** Optimiser steps before this one. With `position` it keys whatever is drawn, such as masks of dropout. */
  readonly step: number;
  /** Position of the first sample among all samples of the optimiser step. */
  readonly position: number;
}

/** What an update found. */
export interface LearnerUpdate {
  /** Euclidean norm of the gradient over all parameters of the learner, before clipping. */
  readonly gradientNorm: number;
}

/**
 * What is trained below the head: a network, or an embedding on features. Calls do not overlap: each is awaited before
 * the next.
 *
 * An optimiser step is `forward`, the head, `backward`, `update`. With several micro-batches the head needs all of their
 * embeddings at once: each is looked at first (`embed`, which changes nothing), then each goes `forward` and `backward`.
 */
export interface Learner {
  /** d, the length of an embedding. */
  readonly embeddingSize: number;
  /**
   * Embeddings as `forward` gives them for this batch, with its statistics and masks; nothing is kept and nothing moves.
   *
   * @returns [B, d]; valid until the next call
   * @throws NonFiniteError
   */
  embed(batch: LearnerBatch): Promise<FloatArray>;
  /**
   * Embeddings in training; running statistics move, and what `backward` needs is kept.
   *
   * @returns [B, d]; valid until the next call
   * @throws NonFiniteError
   */
  forward(batch: LearnerBatch): Promise<FloatArray>;
  /**
   * Adds the gradients of the parameters for the batch of the last `forward` to those since the last `update`.
   *
   * @param ranks with the last batch before an `update` of several ranks: what is there early may be summed over them while
   *   the rest is computed. `sumGradients` is called in any case, and nothing is communicated in between
   * @param gradient ∂loss/∂embeddings of that batch: [B, d]
   * @throws NonFiniteError
   */
  backward(gradient: FloatArray, ranks?: Communicator): Promise<void>;
  /**
   * One step of the optimiser with the gradients added up since the last one.
   *
   * @throws NonFiniteError at a gradient that is not finite; parameters then stay as they were
   */
  update(learningRate: number): Promise<LearnerUpdate>;
  /**
   * Adds to the gradients since the last `update` those of the learners of all ranks, which then all have the same; called
   * once before each `update` of a training of several ranks. What else moves with a rank's own samples, as running statistics
   * do, is made the same on all here. Without it, a learner trains on one.
   */
  sumGradients?(ranks: Communicator): Promise<void>;
  /** Copies of everything that training changes: parameters, running statistics, the optimiser's numbers. */
  state(): Promise<NamedTensors>;
  /** Goes on from a state, to the same bits. @throws StateMismatchError if a name or a shape does not fit */
  load(state: NamedTensors): Promise<void>;
  dispose(): Promise<void>;
}
