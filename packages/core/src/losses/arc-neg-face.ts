import { requirePositive } from '../errors/check-options.ts';
import { POSITIVE, requirePublished } from '../errors/published-domain.ts';
import { angularMargin } from '../margin/angular-margin.ts';
import { ANGULAR_OPTIONS } from '../margin/check-angular-options.ts';
import { type GradientMode, requireGradientMode } from '../margin/gradient-mode.ts';
import type { AngularMarginOptions } from '../margin/target-margin.ts';
import type { Modulation } from '../modulation/modulation.ts';
import { detached, named } from '../ops/tensor-ops.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface ArcNegFaceOptions extends ScaleOptions, AngularMarginOptions {
  /** m in radians, 0 ≤ m < π; unsafe −π < m < π. Default 0.5. */
  readonly margin?: number;
  /** α > 0, height of the Gaussian; unsafe any finite α. Default 1.2. */
  readonly alpha?: number;
  /** σ > 0, its width. Default 2. */
  readonly sigma?: number;
  /** `straight-through` (default, as released): τ is held; `exact`: τ is differentiated by cos θ_j. */
  readonly gradient?: GradientMode;
}

/**
 * ArcNegFace (Liu et al. 2019, eq. 4): ArcFace's target; negatives near it weigh more than those far from it, on either
 * side.
 *
 *     N = τ_j·cos θ_j + τ_j − 1,   τ_j = α·e^{−(cos θ_j − T)²/σ}
 *
 * T within τ is a pivot, and carries no gradient in either mode.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const arcNegFace: LossFactory<ArcNegFaceOptions> = /* #__PURE__ */ lossFactory(
  'arc-neg',
  { scale: 'number', margin: 'number', ...ANGULAR_OPTIONS, alpha: 'number', sigma: 'number' },
  (options) => {
    const {
      margin = 0.5,
      scale = 64,
      alpha = 1.2,
      sigma = 2,
      gradient = 'straight-through',
      ...angular
    } = options;
    requireGradientMode(gradient);
    requirePublished('alpha', alpha, { published: POSITIVE }, options);
    requirePositive('sigma', sigma);
    const arc = angularMargin(margin, { ...angular, gradient: 'exact' });
    return composeLoss({
      name: 'arc-neg',
      scale,
      margin: {
        ...arc,
        target: (ops, point, sample) => {
          const target = arc.target(ops, point, sample);
          return { ...target, pivot: target.value };
        },
      },
      modulation: gaussianModulation(alpha, sigma, gradient),
    });
  },
);

function gaussianModulation(alpha: number, sigma: number, gradient: GradientMode): Modulation {
  return {
    name: 'gaussian',
    onSphere: true,
    negative: (ops, cos, pivot) => {
      const one = ops.constant(1);
      const width = ops.constant(sigma, '\\sigma');
      const distance = ops.sub(cos, pivot);
      const exponent = ops.neg(ops.div(ops.mul(distance, distance), width));
      const tau = named(ops, ops.mul(ops.constant(alpha, '\\alpha'), ops.exp(exponent)), '\\tau');
      const held = gradient === 'exact' ? tau : detached(ops, tau);
      const value = ops.sub(ops.add(ops.mul(held, cos), held), one);
      if (gradient !== 'exact') return { value, dCos: tau };
      const bend = ops.div(ops.mul(ops.mul(ops.constant(2), distance), ops.add(cos, one)), width);
      return { value, dCos: ops.mul(tau, ops.sub(one, bend)) };
    },
  };
}
