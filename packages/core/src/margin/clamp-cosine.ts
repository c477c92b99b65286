import type { TensorOps } from '../ops/tensor-ops.ts';
import type { TargetPoint } from './target-margin.ts';

/** A cosine clamped to ±(1 − ε), with no slope outside. */
export function clampCosineTo<T, M>(
  ops: TensorOps<T, M>,
  cos: T,
  eps: number,
): { readonly value: T; readonly dCos: T } {
  const bound = ops.constant(1 - eps, '1 - \\varepsilon');
  const value = ops.min(ops.max(cos, ops.neg(bound)), bound);
  const outside = ops.or(ops.greater(cos, bound), ops.greater(ops.neg(bound), cos));
  return { value, dCos: ops.select(outside, ops.constant(0), ops.constant(1)) };
}

/** A target's cosine clamped to ±(1 − ε), with the sine that goes with it, and no slope outside. */
export function clampPointTo<T, M>(
  ops: TensorOps<T, M>,
  { cos, sin }: Pick<TargetPoint<T>, 'cos' | 'sin'>,
  eps: number,
): { readonly cos: T; readonly sin: T; readonly dCos: T } {
  const { value, dCos } = clampCosineTo(ops, cos, eps);
  return { cos: value, sin: ops.max(sin, ops.constant(Math.sqrt(eps * (2 - eps)))), dCos };
}
