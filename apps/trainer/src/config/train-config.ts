import type { LossParameters } from '@cf/core';
import type { ScheduleName } from '../optimiser/schedule.ts';

/** Where pictures come from. */
export type DataConfig =
  | {
      readonly kind: 'folder';
      /** One folder an identity. */
      readonly root: string;
      /** An LFW list of people; with it only those of `folds` are trained on. */
      readonly people: string | undefined;
      /** Such as `1-9`. */
      readonly folds: string | undefined;
      readonly minImages: number;
    }
  | {
      readonly kind: 'synthetic';
      readonly seed: number;
      readonly identities: number;
      readonly imagesPerIdentity: number;
      /** 0 to 2. */
      readonly difficulty: number;
    };

/** What pictures are turned into before training; frozen. */
export type FeatureConfig =
  | { readonly kind: 'pixels'; readonly size: number }
  | { readonly kind: 'onnx'; readonly file: string };

/** What a model is scored on. */
export interface EvaluationConfig {
  /** An LFW list of pairs; undefined holds identities out of the training data instead. */
  readonly pairs: string | undefined;
  /** Folds of the list that are scored; each takes its threshold from all other folds. */
  readonly pairsFolds: string | undefined;
  /** Also score the sum of the embeddings of picture and mirror image. */
  readonly flip: boolean;
  /** Also train on shuffled labels: what evaluation gives where nothing was learned. */
  readonly control: boolean;
}

/** A training, resolved: every default filled in. It is written beside what it produced. */
export interface TrainConfig {
  readonly data: DataConfig;
  readonly features: FeatureConfig;
  /** d. */
  readonly dim: number;
  readonly loss: { readonly name: string; readonly params: LossParameters };
  readonly head: string;
  readonly epochs: number;
  readonly batch: number;
  readonly accumulate: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly schedule: ScheduleName;
  readonly warmupSteps: number;
  readonly seed: number;
  /** Stop at the first unreadable picture. */
  readonly strict: boolean;
  readonly evaluation: EvaluationConfig;
}
