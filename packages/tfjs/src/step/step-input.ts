import type { Mode } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';

/** The values of a loss's state by name, on the device: scalars, and [C] what it carries of classes. */
export type StateTensors = Readonly<Record<string, tf.Tensor>>;

/** One batch on the device, every default filled in. */
export interface StepInput {
  /** X: [B, d]. */
  readonly embeddings: tf.Tensor2D;
  /** W, row c·K + k sub-center k of class c: [C·K, d]. */
  readonly weights: tf.Tensor2D;
  /** b: [C, 1], or [1, 1] where all classes share it; where the loss has a bias. */
  readonly bias: tf.Tensor2D | undefined;
  /** int32: [B]. */
  readonly labels: tf.Tensor1D;
  /** [B]. */
  readonly sampleWeights: tf.Tensor1D;
  /** Margins drawn for this step: [B], for losses that draw them, in training. */
  readonly draws: tf.Tensor1D | undefined;
  readonly state: StateTensors;
  readonly mode: Mode;
}

/** What a step is asked for beside the loss. */
export interface StepOptions {
  /** K, class centers a class. */
  readonly subCenters: number;
  /** Classes a tile. */
  readonly tileSize: number;
  /** Bytes of what is read from cosines that may be kept from pass 1 to pass 2; those of later tiles are computed again. */
  readonly keepBytes: number;
  /** Pass 2 is left out where nobody wants gradients. */
  readonly gradients: boolean;
  /** Also return the full logits and their gradient; a tile that is made again then says where samples meet their own class. */
  readonly inspect: boolean;
  /** Look at every negative, for the diagnostics. */
  readonly countNegatives: boolean;
  /** Find the largest cosine among the negatives, for the accuracy. */
  readonly nearest: boolean;
}

/**
 * Classes a tile: large enough to outweigh the cost of starting its operations, on a processor small enough for its
 * cache. No power of two, whose columns would all lie in the same lines of that: transposing is twenty times slower then.
 */
export function defaultTileSize(): number {
  return tf.getBackend() === 'webgpu' ? 2500 : 1000;
}

/** 24 MiB: 12,000 classes at a batch of 128. */
export const DEFAULT_KEEP_BYTES: number = 24 * 2 ** 20;
