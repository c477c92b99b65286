import type { UnsafeOption } from '../errors/published-domain.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import type { GradientMode } from './gradient-mode.ts';

/** Where a sample stands to its own class; each [B]. */
export interface TargetPoint<T> {
  /** cos θ_y (with 'inner' geometry: x·w + b). */
  readonly cos: T;
  /** sin θ_y ≥ 0 (not with 'inner' geometry), computed as ½·‖x̂ − ŵ‖·‖x̂ + ŵ‖, which keeps its digits near cos θ = ±1. */
  readonly sin: T;
  /** ‖x‖. */
  readonly norm: T;
}

/** The target logit before scaling, its slopes, and what the negatives are compared with; each [B]. */
export interface TargetValue<T, M> {
  /** T(cos θ_y). */
  readonly value: T;
  /** ∂T/∂cos θ_y. */
  readonly dCos: T;
  /** ∂T/∂‖x‖ through the margin. */
  readonly dNorm: T;
  /** A negative is hard where its cosine exceeds this, strictly. No gradient flows through it. */
  readonly pivot: T;
  /** Where the angle with its margin is past π. */
  readonly pastPi: M;
}

/** Values a loss computes once a batch, one a sample: margins drawn, statistics, t. Named by the loss. */
export type SampleValues<T> = Readonly<Record<string, T>>;

/** The target logit T of a loss: how the margin enters. */
export interface TargetMargin {
  readonly name: string;
  /** Whether it has a meaning on cosines only, as everything with an angle has: no inner product is put into it. */
  readonly onSphere: boolean;
  target<T, M>(ops: TensorOps<T, M>, point: TargetPoint<T>, sample: SampleValues<T>): TargetValue<T, M>;
}

/** Where cos θ + margin passes π, what the target logit is. */
export type BeyondPi = 'linear' | 'cosine';

/** What every angular margin can be told. */
export interface AngularMarginOptions extends UnsafeOption {
  /** Past π: `linear` cos θ − m·sin m (default), or `cosine` cos(θ + m) without a branch. */
  readonly beyondPi?: BeyondPi;
  /** No margin where cos θ_y ≤ 0. Default false. */
  readonly easyMargin?: boolean;
  /** Default `exact`. */
  readonly gradient?: GradientMode;
}
