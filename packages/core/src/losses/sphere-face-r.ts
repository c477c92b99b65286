import { requireChoice, requirePositive } from '../errors/check-options.ts';
import { ANGLE_FACTOR, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import { multipliedAngle, type Sloped, sineOf } from '../margin/angle.ts';
import { clampCosineTo, clampPointTo } from '../margin/clamp-cosine.ts';
import { type GradientMode, inGradientMode, requireGradientMode } from '../margin/gradient-mode.ts';
import { never } from '../margin/never.ts';
import type { TargetMargin } from '../margin/target-margin.ts';
import type { Modulation } from '../modulation/modulation.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';

export interface SphereFaceROptions extends UnsafeOption {
  /** s > 0. Default 30. */
  readonly scale?: number;
  /** m, a factor of the angle, 1 ≤ m ≤ 8; unsafe 0 < m ≤ 8. Default 1.5. */
  readonly margin?: number;
  /** How the factor enters, see {@link sphereFaceR}. Default `v0`. */
  readonly variant?: 'v0' | 'v1' | 'v2';
  /** w > 0: the loss is w/s times the cross-entropy. Default s, which is the cross-entropy itself. */
  readonly lossWeight?: number;
  /** `straight-through` (default, as released): every logit has the slope s; `exact`: that of its formula. */
  readonly gradient?: GradientMode;
}

/** Cosines are clamped to ±(1 − this), as released. */
const EPS = 1e-5;

/**
 * SphereFace-R (Liu et al. 2022, sections 3 and 4.3), hard feature normalisation: a multiplicative angular margin on the
 * unit sphere.
 *
 * - `v0`: T = (−1)^k·cos mθ − 2k, k = ⌊mθ/π⌋; N = cos θ
 * - `v1`: T = cos(min(mθ, 3.14159)); N = cos θ
 * - `v2`: T = cos θ; N = cos(θ/m)
 *
 * As released: angles come from cosines clamped to ±(1 − 10⁻⁵), and characteristic gradient detachment gives every logit the
 * slope s, also where T is flat.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const sphereFaceR: LossFactory<SphereFaceROptions> = /* #__PURE__ */ lossFactory(
  'sphereface-r',
  {
    scale: 'number',
    margin: 'number',
    variant: 'string',
    lossWeight: 'number',
    gradient: 'string',
    unsafe: 'boolean',
  },
  (options) => {
    const { scale = 30, margin = 1.5, variant = 'v0', gradient = 'straight-through' } = options;
    const { lossWeight = scale } = options;
    requirePublished('margin', margin, ANGLE_FACTOR, options);
    requireChoice('variant', variant, ['v0', 'v1', 'v2']);
    requireGradientMode(gradient);
    requirePositive('scale', scale);
    requirePositive('lossWeight', lossWeight);
    return composeLoss({
      name: 'sphereface-r',
      scale,
      lossWeight: lossWeight / scale,
      margin: multipliedTarget(variant, margin, gradient),
      modulation: multipliedNegative(variant === 'v2' ? 1 / margin : 1, gradient),
    });
  },
);

function multipliedTarget(variant: string, margin: number, gradient: GradientMode): TargetMargin {
  return {
    name: `sphere-r ${variant}`,
    onSphere: true,
    target: (ops, point) =>
      inGradientMode(ops, gradient, point, (at) => {
        const { cos, sin, dCos } = clampPointTo(ops, at, EPS);
        const own = targetOf(ops, variant, margin, cos, sin);
        return {
          value: own.value,
          dCos: ops.mul(own.dCos, dCos),
          dNorm: ops.constant(0),
          pivot: own.value,
          pastPi: never(ops),
        };
      }),
  };
}

function targetOf<T, M>(ops: TensorOps<T, M>, variant: string, margin: number, cos: T, sin: T): Sloped<T> {
  if (variant === 'v2') return { value: cos, dCos: ops.constant(1) };
  const turned = multipliedAngle(ops, { cos, sin }, ops.constant(margin, 'm'));
  return variant === 'v1' ? cutAtPi(ops, margin, turned, cos) : continued(ops, margin, turned, cos);
}

/** Where v1 stops. */
// biome-ignore lint/suspicious/noApproximativeNumericConstant: π as the release writes it.
const LAST_ANGLE = 3.14159;

function cutAtPi<T, M>(ops: TensorOps<T, M>, margin: number, { value, dCos }: Sloped<T>, cos: T): Sloped<T> {
  const last = LAST_ANGLE / margin;
  if (last >= Math.PI) return { value, dCos };
  const past = ops.greater(ops.constant(Math.cos(last), '\\cos\\tfrac{\\pi}{m}'), cos);
  return {
    value: ops.select(past, ops.constant(Math.cos(LAST_ANGLE)), value),
    dCos: ops.select(past, ops.constant(0), dCos),
  };
}

/** (−1)^k·cos mθ − 2k, which falls all the way to π. */
function continued<T, M>(ops: TensorOps<T, M>, margin: number, turned: Sloped<T>, cos: T): Sloped<T> {
  let { value, dCos } = turned;
  for (let k = 1; k < margin; k++) {
    const edge = ops.constant(Math.cos((k * Math.PI) / margin), `\\cos\\tfrac{${k === 1 ? '' : k}\\pi}{m}`);
    const beyond = ops.greater(edge, cos);
    const sign = k % 2 === 0 ? turned : { value: ops.neg(turned.value), dCos: ops.neg(turned.dCos) };
    value = ops.select(beyond, ops.sub(sign.value, ops.constant(2 * k)), value);
    dCos = ops.select(beyond, sign.dCos, dCos);
  }
  return { value, dCos };
}

function multipliedNegative(factor: number, gradient: GradientMode): Modulation {
  return {
    name: 'sphere-r',
    onSphere: true,
    negative: (ops, given) =>
      inGradientMode(ops, gradient, { cos: given }, ({ cos }) => {
        const clamped = clampCosineTo(ops, cos, EPS);
        if (factor === 1) return clamped;
        const point = { cos: clamped.value, sin: sineOf(ops, clamped.value) };
        const turned = multipliedAngle(ops, point, ops.constant(factor, 'm'));
        return { value: turned.value, dCos: ops.mul(turned.dCos, clamped.dCos) };
      }),
  };
}
