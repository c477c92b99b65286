import type { MarginLoss } from '../../../losses/margin-loss.ts';
import type { TargetValue } from '../../../margin/target-margin.ts';
import type { TensorOps } from '../../../ops/tensor-ops.ts';

/** What the gradient of a sample's own class is made of; each [B]. */
export interface TargetGradient<T> {
  readonly target: Pick<TargetValue<T, unknown>, 'value' | 'dCos' | 'dNorm'>;
  readonly logitScale: T;
  /** ∂loss/∂nll_i. */
  readonly dNll: T;
  /** 1 − p_i. */
  readonly miss: T;
  readonly dNormOfRegulariser: T;
}

/** How a sample's own class, and its norm, pull at x and w_y; each [B]. */
export interface TargetSlopes<T> {
  /** ∂loss/∂z_y = −dNll·(1 − p). */
  readonly gradient: T;
  /** ∂loss/∂cos θ_y (geometry `inner`: by x·w_y + b): along the tangents, and of the bias. */
  readonly slope: T;
  /** ∂loss/∂‖x‖, which goes along x̂; nothing of the geometry `inner` depends on it. */
  readonly radial: T;
}

/** ∂loss by the cosine with the own class, and by the norm through the target, its scale and the regulariser. */
export function targetSlopes<T, M>(
  ops: TensorOps<T, M>,
  { geometry }: Pick<MarginLoss, 'geometry'>,
  { target, logitScale, dNll, miss, dNormOfRegulariser }: TargetGradient<T>,
): TargetSlopes<T> {
  const gradient = ops.neg(ops.mul(dNll, miss));
  const scaled = ops.mul(logitScale, gradient);
  const byMargin = ops.add(ops.mul(scaled, target.dNorm), dNormOfRegulariser);
  const radial = geometry === 'norm-scaled' ? ops.add(byMargin, ops.mul(gradient, target.value)) : byMargin;
  return { gradient, slope: ops.mul(scaled, target.dCos), radial };
}
