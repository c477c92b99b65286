import type { TensorOps } from '../ops/tensor-ops.ts';

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
