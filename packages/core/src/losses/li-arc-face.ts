import { requireAngle } from '../errors/check-options.ts';
import type { UnsafeOption } from '../errors/published-domain.ts';
import { angleSum, constantAngle } from '../margin/add-angle.ts';
import { angle, sineOf } from '../margin/angle.ts';
import { never } from '../margin/never.ts';
import { SIN_FLOOR } from '../numerics.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface LiArcFaceOptions extends ScaleOptions, UnsafeOption {
  /** m in radians, 0 ≤ m < π; unsafe −π < m < π. Default 0.45. */
  readonly margin?: number;
}

/**
 * Li-ArcFace (Li et al. 2019, AirFace, eq. 5): logits that are linear in the angle.
 *
 *     T = (π − 2(θ_y + m))/π,   N = (π − 2θ_j)/π
 *
 * Both have the slope 2/(π·sin θ), which has no bound at cos θ = ±1; it is taken with sin θ ≥ 10⁻⁶. There is no branch past π.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const liArcFace: LossFactory<LiArcFaceOptions> = /* #__PURE__ */ lossFactory(
  'li-arcface',
  { scale: 'number', margin: 'number', unsafe: 'boolean' },
  (options) => {
    const { margin = 0.45, scale = 64 } = options;
    requireAngle('margin', margin, options);
    return composeLoss({
      name: 'li-arcface',
      scale,
      margin: {
        name: 'linear-angle',
        onSphere: true,
        target: (ops, { cos, sin }) => {
          const own = linear(ops, angle(ops, cos, sin), sin, ops.constant(margin, 'm'));
          const pivot = angleSum(ops, { cos, sin }, constantAngle(ops, margin)).value;
          return { ...own, dNorm: ops.constant(0), pivot, pastPi: never(ops) };
        },
      },
      modulation: {
        name: 'linear-angle',
        onSphere: true,
        negative: (ops, cos) => {
          const sin = sineOf(ops, cos);
          return linear(ops, angle(ops, cos, sin), sin);
        },
      },
    });
  },
);

/** (π − 2(θ + m))/π and its slope by cos θ. */
function linear<T, M>(
  ops: TensorOps<T, M>,
  theta: T,
  sin: T,
  margin?: T,
): { readonly value: T; readonly dCos: T } {
  const share = ops.constant(2 / Math.PI, '\\tfrac{2}{\\pi}');
  const shifted = margin === undefined ? theta : ops.add(theta, margin);
  return {
    value: ops.sub(ops.constant(1), ops.mul(share, shifted)),
    dCos: ops.div(share, ops.max(sin, ops.constant(SIN_FLOOR))),
  };
}
