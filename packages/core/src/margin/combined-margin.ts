import { requireAngle } from '../errors/check-options.ts';
import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import {
  COSINE_MARGIN,
  type Domain,
  POSITIVE,
  requirePublished,
  type UnsafeOption,
} from '../errors/published-domain.ts';
import { named, type TensorOps } from '../ops/tensor-ops.ts';
import { angleSum } from './add-angle.ts';
import { multipliedAngle, type Sloped } from './angle.ts';
import { checkAngularOptions } from './check-angular-options.ts';
import { type GradientMode, inGradientMode } from './gradient-mode.ts';
import type { BeyondPi, TargetMargin, TargetPoint } from './target-margin.ts';

/** The three margins of the combined form. */
export interface CombinedMargins {
  /** 0 < m₁ ≤ 16, multiplies θ; unsafe any finite m₁ > 0. Default 1. */
  readonly multiplicative?: number;
  /** m₂ in radians, 0 ≤ m₂ < π, added to m₁θ; unsafe −π < m₂ < π. Default 0. */
  readonly angular?: number;
  /** m₃ as a cosine, 0 ≤ m₃ ≤ 2, subtracted; unsafe any finite m₃. Default 0. */
  readonly cosine?: number;
}

export interface CombinedMarginOptions extends UnsafeOption {
  /** Past π: `linear` (default) cos θ − 1 − cos((π − m₂)/m₁) − m₃, which is continuous; or `cosine`, no branch. */
  readonly beyondPi?: BeyondPi;
  /** Default `exact`. */
  readonly gradient?: GradientMode;
}

const OPTIONS: OptionNames<CombinedMarginOptions> = { beyondPi: true, gradient: true, unsafe: true };

/**
 * T = cos(m₁θ_y + m₂) − m₃: all three margins at once (Deng et al. 2019, eq. 4).
 *
 * @throws OptionOutOfRangeError
 */
export function combinedMargin(margins: CombinedMargins, options: CombinedMarginOptions = {}): TargetMargin {
  requireKnownOptions('combinedMargin', options, OPTIONS);
  return combinedMarginOf(margins, options);
}

/** The same of a loss's options, whose names are checked already. */
export function combinedMarginOf(margins: CombinedMargins, options: CombinedMarginOptions): TargetMargin {
  const { multiplicative = 1, angular = 0, cosine = 0 } = margins;
  const { beyondPi = 'linear', gradient = 'exact' } = options;
  checkAngularOptions(options);
  requirePublished('m1', multiplicative, MULTIPLICATIVE_MARGIN, options);
  requireAngle('m2', angular, options);
  requirePublished('m3', cosine, COSINE_MARGIN, options);
  const lastAngle = (Math.PI - angular) / multiplicative;
  // Where θ = π does not reach the bend, no cosine may fall under it.
  const bend = lastAngle > Math.PI ? -2 : Math.cos(lastAngle);
  const drop = 1 + Math.cos(lastAngle);
  return {
    name: 'combined',
    onSphere: multiplicative !== 1 || angular !== 0,
    target: (ops, given) =>
      inGradientMode(ops, gradient, given, (point) => {
        const one = ops.constant(1);
        const m3 = ops.constant(cosine, cosine === 0 ? undefined : 'm_3');
        const sum =
          multiplicative === 1
            ? shifted(ops, point, angular)
            : multiplied(ops, point, multiplicative, angular);
        const pastPi = ops.not(ops.greater(point.cos, ops.constant(bend, '\\cos\\tfrac{\\pi - m_2}{m_1}')));
        const pivot = named(ops, ops.sub(sum.value, m3), '\\varphi');
        const line = ops.sub(ops.sub(point.cos, ops.constant(drop, '1 + \\cos\\tfrac{\\pi - m_2}{m_1}')), m3);
        return {
          value: beyondPi === 'linear' ? ops.select(pastPi, line, pivot) : pivot,
          dCos: beyondPi === 'linear' ? ops.select(pastPi, one, sum.dCos) : sum.dCos,
          dNorm: ops.constant(0),
          pivot,
          pastPi,
        };
      }),
  };
}

const MULTIPLICATIVE_MARGIN: Domain = { published: { low: 0, high: 16, open: 'low' }, defined: POSITIVE };

/** cos(θ + m₂) by angle addition; where m₂ is 0 the cosine itself, and an inner product may stand in its place. */
function shifted<T, M>(ops: TensorOps<T, M>, point: TargetPoint<T>, angular: number): Sloped<T> {
  if (angular === 0) return { value: point.cos, dCos: ops.constant(1) };
  return angleSum(ops, point, {
    cos: ops.constant(Math.cos(angular), '\\cos m_2'),
    sin: ops.constant(Math.sin(angular), '\\sin m_2'),
  });
}

/** cos(m₁θ + m₂). */
function multiplied<T, M>(
  ops: TensorOps<T, M>,
  point: TargetPoint<T>,
  multiplicative: number,
  angular: number,
): Sloped<T> {
  const shift = ops.constant(angular, angular === 0 ? undefined : 'm_2');
  return multipliedAngle(ops, point, ops.constant(multiplicative, 'm_1'), (angle) =>
    named(ops, ops.add(angle, shift), '\\psi'),
  );
}
