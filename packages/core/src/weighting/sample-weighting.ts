import type { BatchOps } from '../ops/tensor-ops.ts';

/** Whether a step trains (state moves) or evaluates (state stays). */
export type Mode = 'train' | 'eval';

/** Named scalars that a loss carries from step to step. */
export type StateValues<T> = Readonly<Record<string, T>>;

/** Per-sample results of the log-sum-exp, each [B]. */
export interface SampleLosses<T> {
  /** −log p_i ≥ 0. */
  readonly nll: T;
  /** The caller's weight of each sample. */
  readonly sampleWeights: T;
}

/** What a batch comes to. */
export interface ReducedLosses<T> {
  /** Per-sample losses, the caller's weights and G applied: [B]. */
  readonly losses: T;
  /** Their mean (OHEM: over the kept samples): scalar. */
  readonly loss: T;
  /** ∂loss/∂nll_i: [B]. */
  readonly dNll: T;
  /** State after this step. */
  readonly next: StateValues<T>;
}

/**
 * G of L_i = −G(p_i)·log p_i, and the mean over the batch. It is B-sized: it never sees the classes.
 *
 * With the caller's sample weights w the loss is Σ w_i·G_i·nll_i / B: weights are not renormalised.
 */
export interface SampleWeighting {
  readonly name: string;
  /**
   * Whether ∂loss/∂nll goes through G as well (`through-weight`; then G has no kinks), or G is held fixed while the loss
   * is differentiated (`frozen`).
   */
  readonly gradient: 'through-weight' | 'frozen';
  readonly initialValues: StateValues<number>;
  /** Least and largest value that its state may hold, where there are such. */
  readonly stateRanges?: Readonly<Record<string, readonly [number, number]>>;
  reduce<T, M>(
    ops: BatchOps<T, M>,
    samples: SampleLosses<T>,
    state: StateValues<T>,
    mode: Mode,
  ): ReducedLosses<T>;
}
