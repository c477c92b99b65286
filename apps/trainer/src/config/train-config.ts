import type { BackboneName } from '@cf/backbones';
import type { LossParameters } from '@cf/core';
import type { AugmentOptions } from '@cf/data';
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

/** The network that is trained end to end. */
export type NetworkConfig =
  | {
      /** Starts from random weights. */
      readonly kind: 'built-in';
      readonly name: BackboneName;
      /** d. */
      readonly dim: number;
    }
  | {
      /** Starts from the weights of a file. */
      readonly kind: 'onnx';
      readonly file: string;
      /** d as it is expected of the file; undefined takes what the file gives. */
      readonly dim: number | undefined;
      /** This node and all that it depends on stay as they are. */
      readonly freezeUntil: string | undefined;
      /** Normalisations stay as they are. */
      readonly freezeBn: boolean;
    }
  | {
      /** A layers model of TensorFlow.js; starts from the weights of its files. */
      readonly kind: 'layers';
      /** Its `model.json`. */
      readonly file: string;
      /** d as it is expected of the file; undefined takes what the file gives. */
      readonly dim: number | undefined;
    };

/** What runs a network's training. */
export type EngineName = 'onnx' | 'tfjs';

export const ENGINES: readonly EngineName[] = ['onnx', 'tfjs'];

/** What is trained: every layer, or a linear embedding on features that stay as they are. */
export type TrainedPart = 'all' | 'embedding';

export const TRAINED_PARTS: readonly TrainedPart[] = ['all', 'embedding'];

/** What both kinds of training share. */
export interface CommonTraining {
  readonly data: DataConfig;
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

/** A linear embedding on fixed features. */
export interface EmbeddingTraining extends CommonTraining {
  readonly train: 'embedding';
  readonly features: FeatureConfig;
  /** d. */
  readonly dim: number;
}

/** A network, end to end. */
export interface NetworkTraining extends CommonTraining {
  readonly train: 'all';
  readonly engine: EngineName;
  readonly network: NetworkConfig;
  readonly augmentation: AugmentOptions;
  /** Threads of one operator; another number may give other last bits. */
  readonly threads: number;
}

/** A training, resolved: every default filled in. It is written beside what it produced. */
export type TrainConfig = EmbeddingTraining | NetworkTraining;
