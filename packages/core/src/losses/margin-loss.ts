import type { GradientMode, SampleValues, TargetPoint, TargetValue } from '../margin/target-margin.ts';
import type { NegativeValue } from '../modulation/modulation.ts';
import type { BatchOps, TensorOps } from '../ops/tensor-ops.ts';
import type { Mode, SampleWeighting, StateValues } from '../weighting/sample-weighting.ts';

/** How embeddings and class centers meet: x·w + b; ‖x‖·cos θ; s·cos θ. */
export type Geometry = 'inner' | 'norm-scaled' | 'cosine';

/** What a loss may look at before its formulas run: no gradient flows from here. Each [B]. */
export interface BatchStatistics<T> {
  /** cos θ_y, raw. */
  readonly cosTarget: T;
  /** ‖x‖. */
  readonly norm: T;
  /** Margins drawn for this step, one a sample; undefined for losses that draw none, and in evaluation. */
  readonly draws: T | undefined;
}

/** The values that a loss's formulas read a sample ({@link SampleValues}), and the loss's own state after this step. */
export interface Prepared<T> {
  readonly sampleValues: SampleValues<T>;
  readonly next: StateValues<T>;
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
 * Pure functions over {@link TensorOps}; a backend reads them and nobody retypes them. Only `negative` is of size
 * B × C.
 *
 * A formula may return what it was given (N = c returns its cosine) or a constant (a slope of 1): a backend that frees
 * tensors, or needs one entry a sample, copies or broadcasts. `value` and `pivot` have one entry a sample.
 */
export interface MarginLoss {
  readonly name: string;
  readonly geometry: Geometry;
  /** s > 0, which T and N are multiplied by; 1 with the geometry `norm-scaled`, which takes ‖x‖ in its place. */
  readonly scale: number;
  /** Whether the logits carry a bias a class (geometry `inner` only). */
  readonly bias: boolean;
  /** `straight-through` where ∂T/∂cos θ is taken as 1 on purpose. */
  readonly gradient: GradientMode;
  /** Names of the {@link SampleValues} that {@link prepare} yields. */
  readonly sampleValueNames: readonly string[];
  /** State before the first step, weighting included; `step`, the training steps before this one, is in every state. */
  readonly initialValues: StateValues<number>;
  /** Least and largest value that a state may hold, where there are such. */
  readonly stateRanges: Readonly<Record<string, readonly [number, number]>>;
  /** Draws the margins of a step, one a sample, for losses that draw them; see {@link MarginDrawer}. */
  readonly draws: MarginDrawer | undefined;
  readonly weighting: SampleWeighting;
  prepare<T, M>(
    ops: BatchOps<T, M>,
    batch: BatchStatistics<T>,
    state: StateValues<T>,
    mode: Mode,
  ): Prepared<T>;
  target<T, M>(ops: TensorOps<T, M>, point: TargetPoint<T>, sample: SampleValues<T>): TargetValue<T, M>;
  negative<T, M>(ops: TensorOps<T, M>, cos: T, pivot: T, sample: SampleValues<T>): NegativeValue<T>;
  /** Undefined where the loss has none. */
  readonly regulariser: (<T, M>(ops: TensorOps<T, M>, norm: T) => RegulariserValue<T>) | undefined;
}
