import type { Communicator, Head, LastBatch, Sampler } from '@cf/core';
import type { Learner } from '../learner/learner.ts';
import type { OptimiserRule } from '../optimiser/optimiser-rule.ts';
import type { RowClipping } from '../optimiser/row-update.ts';
import type { Schedule } from '../schedule/learning-rate.ts';
import type { TrainingSamples } from './samples.ts';
import type { Shadows } from './shadows.ts';
import type { TrainingState } from './training-state.ts';

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
