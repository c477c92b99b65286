import type { Mode } from '@cf/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { StateTensors } from '../step/step-input.ts';

/** One batch of tensors, on the active backend. */
export interface TensorHeadInput {
  /** X: [B, d]. */
  readonly embeddings: tf.Tensor2D;
  /** Class centers W, one row a class, or K, row c·K + k sub-center k of class c: [C·K, d]; a tensor or a variable. */
  readonly weights: tf.Tensor2D | tf.Variable<tf.Rank.R2>;
  /** b: [C], or [1] where all classes share it; where the loss has a bias, and only there. */
  readonly bias?: tf.Tensor1D | tf.Variable<tf.Rank.R1>;
  /** int32, in [0, C): [B]. Not checked: that would read them back; `check` of the head does. */
  readonly labels: tf.Tensor1D;
  /** ≥ 0: [B]. Default 1 each. The loss is Σ w_i·L_i / B. */
  readonly sampleWeights?: tf.Tensor1D;
  /** Default: the loss's initial state. */
  readonly state?: StateTensors;
  /** Default `train`. In `eval` no state moves and margins are at their mean. */
  readonly mode?: Mode;
  /** Default: in training. Without, pass 2 is left out, and differentiating the loss is an error. */
  readonly gradients?: boolean;
  /** ElasticFace in training: the margins themselves, [B]. */
  readonly draws?: tf.Tensor1D;
  /** ElasticFace in training, without `draws`: training steps before this one, which seeds the draws with the keys. */
  readonly step?: number;
  /** Identifies each sample to seeded draws: [B]. Default: its position. */
  readonly sampleKeys?: ArrayLike<number>;
}
