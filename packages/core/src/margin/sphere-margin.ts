import { requireInteger } from '../errors/check-options.ts';
import { named, type TensorOps } from '../ops/tensor-ops.ts';
import { never } from './never.ts';
import type { TargetMargin } from './target-margin.ts';

/**
 * T = (λ·cos θ + ψ(θ))/(1 + λ), ψ(θ) = (−1)^k·cos mθ − 2k on [kπ/m, (k+1)π/m]: the multiplicative margin of
 * SphereFace (Liu et al. 2017, eqs. 6–7), annealed by λ, which is read from the sample value `lambda`.
 *
 * cos mθ is the Chebyshev polynomial T_m(cos θ), so there is no acos, and its slope m·U_{m−1}(cos θ) is finite
 * everywhere.
 *
 * @param margin m, an integer ≥ 1 as published; formulas are written up to 8.
 * @throws OptionOutOfRangeError
 */
export function sphereMargin(margin: number): TargetMargin {
  requireInteger('margin', margin, 1, 8);
  return {
    name: 'sphere',
    onSphere: true,
    target: (ops, { cos }, sample) => {
      const zero = ops.constant(0);
      const one = ops.constant(1);
      const lambda = sample.lambda!;
      const psi = monotoneCosine(ops, cos, margin);
      const share = ops.div(one, ops.add(one, lambda));
      const value = ops.mul(share, ops.add(ops.mul(lambda, cos), psi.value));
      return {
        value,
        dCos: ops.mul(share, ops.add(lambda, psi.slope)),
        dNorm: zero,
        pivot: value,
        pastPi: never(ops),
      };
    },
  };
}

/** ψ and its slope ∂ψ/∂cos θ. */
function monotoneCosine<T, M>(ops: TensorOps<T, M>, cos: T, m: number): { value: T; slope: T } {
  let polynomial = cos;
  let slope = ops.constant(1);
  let before = ops.constant(1);
  let slopeBefore = ops.constant(0);
  const twice = ops.mul(ops.constant(2), cos);
  for (let n = 2; n <= m; n++) {
    const next = ops.sub(ops.mul(twice, polynomial), before);
    const slopeNext = ops.sub(
      ops.add(ops.mul(ops.constant(2), polynomial), ops.mul(twice, slope)),
      slopeBefore,
    );
    [before, slopeBefore, polynomial, slope] = [polynomial, slope, next, slopeNext];
  }
  polynomial = named(ops, polynomial, 'T_m');
  slope = named(ops, slope, "T_m'");
  let value = polynomial;
  let signedSlope = slope;
  for (let k = 1; k < m; k++) {
    const edge = ops.constant(Math.cos((k * Math.PI) / m), `\\cos\\tfrac{${k === 1 ? '' : k}\\pi}{${m}}`);
    const beyond = ops.greater(edge, cos);
    value = ops.select(
      beyond,
      ops.sub(k % 2 === 0 ? polynomial : ops.neg(polynomial), ops.constant(2 * k)),
      value,
    );
    signedSlope = ops.select(beyond, k % 2 === 0 ? slope : ops.neg(slope), signedSlope);
  }
  return { value, slope: signedSlope };
}
