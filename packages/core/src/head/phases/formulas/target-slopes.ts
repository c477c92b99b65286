import type { MarginLoss } from '../../../losses/margin-loss.ts';
import type { TargetValue } from '../../../margin/target-margin.ts';
import type { TensorOps } from '../../../ops/tensor-ops.ts';

/** What the gradient of a sample's own class is made of; each [B]. */
export interface TargetGradient<T> {
  readonly target: Pick<TargetValue<T, unknown>, 'value' | 'dCos' | 'dNorm'>;
  readonly logitScale: T;
  /** ∂loss/∂ℓ_i. */
  readonly dNll: T;
  /** ∂ℓ_i/∂z_y. */
  readonly dTarget: T;
  readonly dNormOfRegulariser: T;
}

/** How a sample's own class, and its norm, pull at x and w_y; each [B]. */
export interface TargetSlopes<T> {
  /** ∂loss/∂z_y. */
  readonly gradient: T;
  /** ∂loss/∂cos θ_y (geometry `inner`: by x·w_y + b), along the tangents. */
  readonly slope: T;
  /** ∂loss/∂b of its class, where there is a bias. */
  readonly bias: T;
  /** ∂loss/∂‖x‖, which goes along x̂; nothing of the geometry `inner` depends on it. */
  readonly radial: T;
}

/** ∂loss by the cosine with the own class, and by the norm through the target, its scale and the regulariser. */
export function targetSlopes<T, M>(
  ops: TensorOps<T, M>,
  { geometry, objective }: Pick<MarginLoss, 'geometry' | 'objective'>,
  { target, logitScale, dNll, dTarget, dNormOfRegulariser }: TargetGradient<T>,
): TargetSlopes<T> {
  const gradient = ops.mul(dNll, dTarget);
  const scaled = ops.mul(logitScale, gradient);
  const slope = ops.mul(scaled, target.dCos);
  const byMargin = ops.add(ops.mul(scaled, target.dNorm), dNormOfRegulariser);
  const radial = geometry === 'norm-scaled' ? ops.add(byMargin, ops.mul(gradient, target.value)) : byMargin;
  return { gradient, slope, bias: biasSlope(ops, objective, { gradient, slope }), radial };
}

/** ∂loss/∂b of a class, from ∂loss/∂z and ∂loss/∂(x·w + b): a binary objective's bias stands beside the scaled logit. */
export function biasSlope<T, M>(
  ops: TensorOps<T, M>,
  objective: MarginLoss['objective'],
  { gradient, slope }: { readonly gradient: T; readonly slope: T },
): T {
  if (objective.kind === 'softmax') return slope;
  return objective.biasSign > 0 ? gradient : ops.neg(gradient);
}
