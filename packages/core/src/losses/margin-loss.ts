import type { NegativeSum } from '../head/phases/formulas/negative-log-likelihood.ts';
import type { SampleValues, TargetPoint, TargetValue } from '../margin/target-margin.ts';
import type { Modulation, NegativeValue } from '../modulation/modulation.ts';
import type { Objective } from '../objective/objective.ts';
import type { BatchOps, TensorOps } from '../ops/tensor-ops.ts';
import type { Mode, SampleWeighting, StateValues } from '../weighting/sample-weighting.ts';
import type { LossDefinition } from './loss-definition.ts';

/** How embeddings and class centers meet: x·w + b; ‖x‖·cos θ; s·cos θ. */
export type Geometry = 'inner' | 'norm-scaled' | 'cosine';

/** A bias that is learned: one a class, or one for all classes. */
export interface BiasParameter {
  readonly of: 'each class' | 'all classes';
  /** Where it starts. */
  start(classes: number): number;
}

/** What a loss may look at before its formulas run: no gradient flows from here. Each [B]. */
export interface BatchStatistics<T> {
  /** cos θ_y, raw. */
  readonly cosTarget: T;
  /** ‖x‖. */
  readonly norm: T;
  /** Margins drawn for this step, one a sample; undefined for losses that draw none, and in evaluation. */
  readonly draws: T | undefined;
  /** C, over all shards: a scalar. */
  readonly classes: T;
  /** The class of each sample among all, over all shards: an integer, for `sumOfClass`. */
  readonly labels: T;
  /** Of each sample's own class, the entry of each of {@link MarginLoss.classValues} and the state of its class. */
  readonly ofClass: Readonly<Record<string, T>>;
  /** Σ_{j≠y} e^{s'·cos θ_j} with s' of {@link MarginLoss.surveyScale}; undefined for losses without, and in evaluation. */
  readonly surveyed: NegativeSum<T> | undefined;
}

/** The values that a loss's formulas read a sample ({@link SampleValues}), and the loss's own state after this step. */
export interface Prepared<T> {
  readonly sampleValues: SampleValues<T>;
  readonly next: StateValues<T>;
  /**
   * The state of each sample's class after this step, by the names of {@link MarginLoss.initialClassValues}: [B], the same
   * for all samples of a class (`sumOfClass`). Classes without a sample keep theirs; in evaluation all do.
   */
  readonly nextOfClass?: StateValues<T>;
  /** In the place of the loss's scale s, where that moves: a scalar, or one a sample: [B]. */
  readonly scale?: T;
}

/**
 * Sums over a sample's negatives that its target needs. Pass 1 takes them along, so what they are of may depend on the
 * pivot and not on T. No gradient flows through them.
 */
export interface NegativeSums {
  readonly names: readonly string[];
  /** What one negative adds, by name. */
  terms<T, M>(ops: TensorOps<T, M>, cos: T, pivot: T, sample: SampleValues<T>): Readonly<Record<string, T>>;
  /** The sample values that `target` reads, from the sums. The pivot must not depend on them. */
  sampleValues<T, M>(ops: TensorOps<T, M>, sums: Readonly<Record<string, T>>): SampleValues<T>;
}

/**
 * The margins of one step: [B]. A pure function of the number of training steps before this one and of what identifies
 * each sample, [B].
 */
export type MarginDrawer = (step: number, sampleKeys: ArrayLike<number>) => Float64Array;

/** A loss that grows with the embedding's norm, beside the cross-entropy. */
export interface RegulariserValue<T> {
  readonly value: T;
  /** ∂value/∂‖x‖. */
  readonly dNorm: T;
}

/**
 * A loss, written once: L_i = −G(p_i)·log p_i with
 *
 *     p_i = e^{s·T(cos θ_y)} / (e^{s·T(cos θ_y)} + Σ_{j≠y} e^{s·N(cos θ_j)})
 *
 * or with another {@link Objective} of the same logits. Pure functions over {@link TensorOps}; a backend reads them and
 * nobody retypes them. Only `negative` is of size B × C.
 *
 * A formula may return what it was given (N = c returns its cosine) or a constant (a slope of 1): a backend that frees
 * tensors, or needs one entry a sample, copies or broadcasts. `value` and `pivot` have one entry a sample.
 */
export interface MarginLoss {
  readonly name: string;
  /** How `createLoss` makes it again; undefined for one of no name that it knows. */
  readonly definition: LossDefinition | undefined;
  readonly geometry: Geometry;
  /**
   * s > 0, which T and N are multiplied by; 1 with the geometry `norm-scaled`, which takes ‖x‖ in its place. Where `prepare`
   * yields a scale, that one counts.
   */
  readonly scale: number;
  /** The bias in the logits, where there is one: with the geometry `inner`, or a binary objective. */
  readonly bias: BiasParameter | undefined;
  /** How the logits of a sample come to its loss. */
  readonly objective: Objective;
  /** What the losses of all samples are multiplied by; the regulariser is not. */
  readonly lossWeight: number;
  /** Names of the {@link SampleValues} that {@link prepare} yields. */
  readonly sampleValueNames: readonly string[];
  /** State before the first step, weighting included; `step`, the training steps before this one, is in every state. */
  readonly initialValues: StateValues<number>;
  /** State of each class before the first step, by name: [C] over all shards, each starting at this number. */
  readonly initialClassValues: StateValues<number>;
  /** Least and largest value that a state, also that of a class, may hold, where there are such. */
  readonly stateRanges: Readonly<Record<string, readonly [number, number]>>;
  /** Tables with one entry a class, [C] over all shards, of which `prepare` gets those of the samples' classes. */
  readonly classValues: Readonly<Record<string, ArrayLike<number>>>;
  /** Draws the margins of a step, one a sample, for losses that draw them; see {@link MarginDrawer}. */
  readonly draws: MarginDrawer | undefined;
  readonly weighting: SampleWeighting;
  /**
   * For losses whose statistics need all negatives: the scale of the log-sum-exp that a pass before the others takes of
   * their cosines, in training.
   */
  readonly surveyScale: (<T, M>(ops: TensorOps<T, M>, state: StateValues<T>, classes: T) => T) | undefined;
  prepare<T, M>(
    ops: BatchOps<T, M>,
    batch: BatchStatistics<T>,
    state: StateValues<T>,
    mode: Mode,
  ): Prepared<T>;
  target<T, M>(ops: TensorOps<T, M>, point: TargetPoint<T>, sample: SampleValues<T>): TargetValue<T, M>;
  negative<T, M>(ops: TensorOps<T, M>, cos: T, pivot: T, sample: SampleValues<T>): NegativeValue<T>;
  /**
   * Whether a hard negative is emphasised: weighs more than in a loss without modulation, as CurricularFace's does where
   * I > 1. Undefined: where its logit is raised, N > cos θ_j. For the diagnostics alone.
   */
  readonly emphasised: Modulation['emphasised'] | undefined;
  /** Undefined where the target needs none. */
  readonly negativeSums: NegativeSums | undefined;
  /** Undefined where the loss has none. */
  readonly regulariser: (<T, M>(ops: TensorOps<T, M>, norm: T) => RegulariserValue<T>) | undefined;
}
