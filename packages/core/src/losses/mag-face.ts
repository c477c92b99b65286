import { requireAngle, requirePositive } from '../errors/check-options.ts';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import { asPublished, NON_NEGATIVE, requirePublished } from '../errors/published-domain.ts';
import { addAngle, angleParts, angleSlope } from '../margin/add-angle.ts';
import { ANGULAR_OPTIONS, checkAngularOptions } from '../margin/check-angular-options.ts';
import type { AngularMarginOptions, TargetMargin } from '../margin/target-margin.ts';
import { named, type TensorOps } from '../ops/tensor-ops.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { RegulariserValue } from './margin-loss.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface MagFaceOptions extends ScaleOptions, AngularMarginOptions {
  /** l_a > 0: the norm at which the margin is the lower one. Default 10. */
  readonly lowerNorm?: number;
  /** u_a > l_a: the norm at which the margin is the upper one. Default 110. */
  readonly upperNorm?: number;
  /** In radians, 0 ≤ l_m < π; unsafe −π < l_m < π. Default 0.45. */
  readonly lowerMargin?: number;
  /** In radians, l_m ≤ u_m < π; unsafe −π < u_m < π. Default 0.8. */
  readonly upperMargin?: number;
  /** λ_g ≥ 0, weight of the regulariser; unsafe any finite λ_g. Default 35. */
  readonly lambdaG?: number;
}

/**
 * MagFace (Meng et al. 2021, eqs. 4–7): T = cos(θ + m(a)), a = ‖x‖ clamped to [l_a, u_a], m linear in a, with the
 * gradient through a; beside it λ_g·mean(a/u_a² + 1/a). As released, the margin is an easy one unless told
 * otherwise.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const magFace: LossFactory<MagFaceOptions> = /* #__PURE__ */ lossFactory(
  'magface',
  {
    scale: 'number',
    ...ANGULAR_OPTIONS,
    lowerNorm: 'number',
    upperNorm: 'number',
    lowerMargin: 'number',
    upperMargin: 'number',
    lambdaG: 'number',
  },
  (options) => {
    const {
      scale = 64,
      lowerNorm = 10,
      upperNorm = 110,
      lowerMargin = 0.45,
      upperMargin = 0.8,
      lambdaG = 35,
    } = options;
    const { easyMargin = true } = options;
    checkAngularOptions(options);
    requirePositive('lowerNorm', lowerNorm);
    requirePositive('upperNorm', upperNorm);
    if (upperNorm <= lowerNorm)
      throw new OptionOutOfRangeError('upperNorm', upperNorm, `upperNorm > lowerNorm = ${lowerNorm}`);
    requireAngle('lowerMargin', lowerMargin, options);
    requireAngle('upperMargin', upperMargin, options);
    if (upperMargin < lowerMargin && !options.unsafe) {
      const expected = `upperMargin ≥ lowerMargin = ${lowerMargin}`;
      throw new OptionOutOfRangeError('upperMargin', upperMargin, expected, asPublished('upperMargin'));
    }
    requirePublished('lambdaG', lambdaG, { published: NON_NEGATIVE }, options);
    const range: NormRange = { lowerNorm, upperNorm };
    const slope = (upperMargin - lowerMargin) / (upperNorm - lowerNorm);
    return composeLoss({
      name: 'magface',
      scale,
      margin: magnitudeMargin(range, lowerMargin, slope, { ...options, easyMargin }),
      regulariser: (ops, norm) => magnitudeRegulariser(ops, norm, range, lambdaG),
    });
  },
);

interface NormRange {
  readonly lowerNorm: number;
  readonly upperNorm: number;
}

/** a = clamp(‖x‖, l_a, u_a) and ∂a/∂‖x‖, which is 1 on the bounds as well. */
function clampNorm<T, M>(ops: TensorOps<T, M>, norm: T, range: NormRange): { value: T; slope: T } {
  const low = ops.constant(range.lowerNorm, 'l_a');
  const high = ops.constant(range.upperNorm, 'u_a');
  const outside = ops.or(ops.greater(low, norm), ops.greater(norm, high));
  return {
    value: named(ops, ops.min(ops.max(norm, low), high), 'a'),
    slope: ops.select(outside, ops.constant(0), ops.constant(1)),
  };
}

function magnitudeMargin(
  range: NormRange,
  lowerMargin: number,
  marginSlope: number,
  options: AngularMarginOptions,
): TargetMargin {
  return {
    name: 'magnitude',
    onSphere: true,
    target: (ops, point) => {
      const a = clampNorm(ops, point.norm, range);
      const rise = ops.constant(marginSlope, '\\tfrac{u_m - l_m}{u_a - l_a}');
      const above = ops.sub(a.value, ops.constant(range.lowerNorm, 'l_a'));
      const margin = named(ops, ops.add(ops.constant(lowerMargin, 'l_m'), ops.mul(rise, above)), 'm');
      const angle = angleParts(ops, margin);
      const dMargin = angleSlope(ops, point, angle, margin, options);
      return { ...addAngle(ops, point, angle, options), dNorm: ops.mul(dMargin, ops.mul(rise, a.slope)) };
    },
  };
}

function magnitudeRegulariser<T, M>(
  ops: TensorOps<T, M>,
  norm: T,
  range: NormRange,
  lambdaG: number,
): RegulariserValue<T> {
  const a = clampNorm(ops, norm, range);
  const one = ops.constant(1);
  const weight = ops.constant(lambdaG, '\\lambda_g');
  const perSquare = ops.constant(1 / range.upperNorm ** 2, '\\tfrac{1}{u_a^2}');
  const slope = ops.sub(perSquare, ops.div(one, ops.mul(a.value, a.value)));
  return {
    value: ops.mul(weight, ops.add(ops.mul(perSquare, a.value), ops.div(one, a.value))),
    dNorm: ops.mul(weight, ops.mul(slope, a.slope)),
  };
}
