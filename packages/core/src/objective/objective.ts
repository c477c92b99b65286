import type { NegativeSum } from '../head/phases/formulas/negative-log-likelihood.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';

/** What is known of a sample once its negatives have been seen; each [B]. */
export interface SampleLogits<T> {
  /** z_y, a bias included. */
  readonly targetLogit: T;
  /** Σ_{j≠y} e^{z_j}; of a binary objective, which no log-sum-exp joins, that of no negative. */
  readonly negatives: NegativeSum<T>;
  /** What {@link Objective.sums} came to. */
  readonly sums: Readonly<Record<string, T>>;
  /** What N is multiplied by to become a logit. */
  readonly logitScale: T;
  /** C, over all shards: a scalar. */
  readonly classes: T;
}

/** ℓ_i, the loss of a sample before any weight, and its slope by the logit of its own class; each [B]. */
export interface SampleLoss<T> {
  /** ℓ_i ≥ 0. */
  readonly nll: T;
  /** ∂ℓ_i/∂z_y. */
  readonly dTarget: T;
  /** 1 − p, with all its digits where p is near 1; a scalar 0 where there is no p. */
  readonly miss: T;
  /** log of the whole sum of exponentials, target included; a scalar 0 where there is none. */
  readonly logSumExp: T;
}

/** How the logits of a sample come to its loss: one softmax over the classes. */
export interface SoftmaxObjective {
  readonly kind: 'softmax';
  /** Names of the sums over the negatives that {@link ofSample} reads, beside the log-sum-exp. */
  readonly sumNames: readonly string[];
  /** ε of label smoothing: every class has ε/C of a sample's probability. 0 without. */
  readonly labelSmoothing: number;
  /** What a negative adds to the sums: by name, from N. */
  sums<T>(negative: { readonly value: T }): Readonly<Record<string, T>>;
  ofSample<T, M>(ops: TensorOps<T, M>, sample: SampleLogits<T>): SampleLoss<T>;
}

/** What one class adds to a sample's loss. */
export interface PairLoss<T> {
  readonly loss: T;
  /** ∂loss/∂z. */
  readonly dLogit: T;
}

/**
 * How the logits of a sample come to its loss: one problem of two answers a class, each by itself, so that value and
 * gradients come out of one pass over the classes.
 */
export interface BinaryObjective {
  readonly kind: 'binary';
  /** The sum over the negatives of their {@link ofNegative}. */
  readonly sumNames: readonly ['loss'];
  /** Whether a logit has its class's bias added or subtracted. */
  readonly biasSign: 1 | -1;
  ofNegative<T, M>(ops: TensorOps<T, M>, logit: T): PairLoss<T>;
  ofSample<T, M>(ops: TensorOps<T, M>, sample: SampleLogits<T>): SampleLoss<T>;
}

/** How the logits of a sample come to its loss. */
export type Objective = SoftmaxObjective | BinaryObjective;
