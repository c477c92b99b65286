import { requireFinite, requireNonNegative } from '../errors/check-options.ts';
import { type OptionTypes, requireOptions } from '../errors/option-types.ts';
import { type Domain, POSITIVE, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import type { BatchOps } from '../ops/tensor-ops.ts';
import type { SampleWeighting } from './sample-weighting.ts';

export interface FocalOptions extends UnsafeOption {
  /** γ ≥ 0; 0 is the identity. Default 2. */
  readonly gamma?: number;
  /** α, a constant factor, 0 < α ≤ 1; unsafe any finite α > 0. Default 1. */
  readonly alpha?: number;
}

export const FOCAL_OPTIONS: OptionTypes<FocalOptions> = {
  gamma: 'number',
  alpha: 'number',
  unsafe: 'boolean',
};

/**
 * G = α(1 − p)^γ, differentiated (Lin et al. 2017, eqs. 4–5).
 *
 *     ∂L/∂nll = α(1 − p)^γ·(1 + γ·p·nll/(1 − p))
 *
 * 1 − p is taken as −expm1(−nll), and p·nll/(1 − p) in its limit 1 as p → 1.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export function focalWeighting(options: FocalOptions = {}): SampleWeighting {
  requireOptions('focal', options, FOCAL_OPTIONS);
  const { gamma = 2, alpha = 1 } = options;
  requireNonNegative('gamma', gamma);
  requireFinite('gamma', gamma);
  requirePublished('alpha', alpha, BALANCE, options);
  return {
    name: 'focal',
    gradient: 'through-weight',
    initialValues: {},
    reduce: (ops, { nll, sampleWeights }) => {
      const one = ops.constant(1);
      const miss = ops.neg(ops.expm1(ops.neg(nll)));
      const weight = ops.mul(sampleWeights, ops.mul(ops.constant(alpha, '\\alpha'), power(ops, miss, gamma)));
      const losses = ops.mul(weight, nll);
      const batch = ops.count(nll);
      const tiny = ops.constant(TINY);
      const ratio = ops.select(
        ops.greater(miss, tiny),
        ops.div(ops.mul(ops.sub(one, miss), nll), ops.max(miss, tiny)),
        one,
      );
      const slope = ops.mul(weight, ops.add(one, ops.mul(ops.constant(gamma, '\\gamma'), ratio)));
      return {
        losses,
        loss: ops.div(ops.sum(losses), batch),
        dNll: ops.div(slope, batch),
        next: {},
      };
    },
  };
}

const BALANCE: Domain = { published: { low: 0, high: 1, open: 'low' }, defined: POSITIVE };

/** Under this 1 − p the limit is taken: the smallest normal float32. */
const TINY = 1.1754943508222875e-38;

/** base^γ for base in [0, 1] as e^(γ·log base), with 0^0 = 1. */
function power<T, M>(ops: BatchOps<T, M>, base: T, gamma: number): T {
  if (gamma === 0) return ops.constant(1);
  if (gamma === 1) return base;
  if (gamma === 2) return ops.mul(base, base);
  const tiny = ops.constant(TINY);
  const raised = ops.exp(ops.mul(ops.constant(gamma), ops.log(ops.max(base, tiny))));
  return ops.select(ops.greater(base, tiny), raised, ops.constant(0));
}
