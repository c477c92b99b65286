import type { TensorOps } from '../ops/tensor-ops.ts';

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
