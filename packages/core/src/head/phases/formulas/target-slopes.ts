import type { MarginLoss } from '../../../losses/margin-loss.ts';
import type { TargetValue } from '../../../margin/target-margin.ts';
import { NORM_FLOOR } from '../../../numerics.ts';
import type { TensorOps } from '../../../ops/tensor-ops.ts';

/** What the gradient of a sample's own class is made of; each [B]. */
export interface TargetGradient<T> {
  readonly target: Pick<TargetValue<T, unknown>, 'value' | 'dCos' | 'dNorm'>;
  readonly logitScale: T;
  /** ‖x‖. */
  readonly norm: T;
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
  /** What goes along x̂; with the geometry `inner` along x as it is. */
  readonly radial: T;
}

/** ∂loss by the cosine with the own class, and by the norm through the target, its scale and the regulariser. */
export function targetSlopes<T, M>(
  ops: TensorOps<T, M>,
  { geometry }: Pick<MarginLoss, 'geometry'>,
  { target, logitScale, norm, dNll, miss, dNormOfRegulariser }: TargetGradient<T>,
): TargetSlopes<T> {
  const gradient = ops.neg(ops.mul(dNll, miss));
  const scaled = ops.mul(logitScale, gradient);
  const margin = ops.add(ops.mul(scaled, target.dNorm), dNormOfRegulariser);
  const radial =
    geometry === 'cosine'
      ? margin
      : geometry === 'norm-scaled'
        ? ops.add(margin, ops.mul(gradient, target.value))
        : ops.div(margin, ops.max(norm, ops.constant(NORM_FLOOR)));
  return { gradient, slope: ops.mul(scaled, target.dCos), radial };
}
