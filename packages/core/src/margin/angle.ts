import { SIN_FLOOR } from '../numerics.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import type { TargetPoint } from './target-margin.ts';

/** A value, and its slope by cos θ. */
export interface Sloped<T> {
  readonly value: T;
  readonly dCos: T;
}

/** θ in [0, π] from its cosine and sine: 2·atan(sin/(1 + |cos|)), mirrored where cos is negative. */
export function angle<T, M>(ops: TensorOps<T, M>, cos: T, sin: T): T {
  const one = ops.constant(1);
  const half = ops.atan(ops.div(sin, ops.add(one, ops.abs(cos))));
  const acute = ops.mul(ops.constant(2), half);
  return ops.select(ops.greater(ops.constant(0), cos), ops.sub(ops.constant(Math.PI, '\\pi'), acute), acute);
}

/** sin θ ≥ 0 of a cosine within ±1, for negatives: the sine of a target is known with more digits. */
export function sineOf<T, M>(ops: TensorOps<T, M>, cos: T): T {
  const one = ops.constant(1);
  const product = ops.mul(ops.sub(one, cos), ops.add(one, cos));
  return ops.sqrt(ops.max(product, ops.constant(0)));
}

/** cos(mθ + shift) and its slope m·sin(mθ + shift)/sin θ. */
export function multipliedAngle<T, M>(
  ops: TensorOps<T, M>,
  { cos, sin }: Pick<TargetPoint<T>, 'cos' | 'sin'>,
  factor: T,
  phaseOf: (multiplied: T) => T = (multiplied) => multiplied,
): Sloped<T> {
  const phase = phaseOf(ops.mul(factor, angle(ops, cos, sin)));
  return {
    value: ops.cos(phase),
    dCos: ops.div(ops.mul(factor, ops.sin(phase)), ops.max(sin, ops.constant(SIN_FLOOR))),
  };
}
