import type { FloatArray, HeadDiagnostics } from '@cf/core';
import type { DivergedError } from '../errors.ts';
import type { ShadowMetrics } from './shadows.ts';
import type { TrainingState } from './training-state.ts';

/** What one optimiser step tells. */
export interface StepMetrics extends HeadDiagnostics {
  /** From 1. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  /**
   * Share of the samples whose loss is 0, of a loss that leaves samples out, as self-paced and OHEM do; null for others.
   */
  readonly leftOutShare: number | null;
  readonly learningRate: number;
  /** Euclidean norm over all parameters of the learner. */
  readonly gradientNorm: number;
  /** Samples of the step over the time that it took. */
  readonly imagesPerSecond: number;
  /** Share of that time for which it waited for its samples, 0 to 1. */
  readonly dataShare: number;
  /** Of a training at which other losses look on. */
  readonly shadows?: ShadowMetrics;
}

/** What happens in a training, in the order in which it happens. */
export type TrainingEvent =
  | {
      readonly type: 'step';
      readonly metrics: StepMetrics;
      /** The samples of the step: [B]. */
      readonly indices: Uint32Array;
      /** Of each of them, as the weighting leaves them; valid until the next step: [B]. */
      readonly losses: FloatArray;
    }
  /** An epoch has ended. */
  | {
      readonly type: 'epoch';
      /** From 1. */
      readonly epoch: number;
      readonly step: number;
      /** Samples that no step of it saw. */
      readonly leftOut: number;
    }
  /**
   * A checkpoint is due: at the start of a training without a state, after each epoch and where `checkpointDue` says so, and
   * after the last step of an interrupted training. The state is to be stored before the next event is asked for: training goes on in its arrays.
   */
  | { readonly type: 'checkpoint'; readonly state: TrainingState }
  /** The error that is thrown next. */
  | { readonly type: 'diverged'; readonly error: DivergedError }
  /** The last event. */
  | { readonly type: 'done'; readonly step: number /** By the signal. */; readonly interrupted: boolean };
