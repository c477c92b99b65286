import type { TensorOps } from '../../../ops/tensor-ops.ts';

/**
 * Σ_{j≠y} e^{z_j} as e^{max}·sum. Where there is no negative: (−∞, 0), or what is as far below any target's logit, such
 * as the lowest float32 with a sum of 1.
 */
export interface NegativeSum<T> {
  readonly max: T;
  readonly sum: T;
}

/** What becomes of a sample's target logit beside its negatives. */
export interface NegativeLogLikelihood<T> {
  /** −log p = log(1 + e^{lse − z_y}) ≥ 0. Its slope is −{@link miss} by z_y, and {@link miss} by the negatives' lse. */
  readonly nll: T;
  /** 1 − p, with all its digits where p is near 1. */
  readonly miss: T;
  /** log of the whole sum of exponentials, target included. */
  readonly logSumExp: T;
}

/** −log p of a target's logit z_y, from the sum over its negatives alone. */
export function negativeLogLikelihood<T, M>(
  ops: TensorOps<T, M>,
  targetLogit: T,
  { max, sum }: NegativeSum<T>,
): NegativeLogLikelihood<T> {
  // Near logits are subtracted first: their difference is exact.
  const nll = softplus(ops, ops.add(ops.sub(max, targetLogit), ops.log(sum)));
  return { nll, miss: ops.neg(ops.expm1(ops.neg(nll))), logSumExp: ops.add(targetLogit, nll) };
}

/** log(1 + e^x) = max(x, 0) + log1p(e^−|x|): neither overflows, nor loses the digits of a small result; 0 at −∞. */
export function softplus<T, M>(ops: TensorOps<T, M>, x: T, small: T = exponentialOf(ops, x)): T {
  return ops.add(ops.max(x, ops.constant(0)), ops.log1p(small));
}

/** e^−|x|, which {@link softplus} takes, and a slope of it may take as well. */
export function exponentialOf<T, M>(ops: TensorOps<T, M>, x: T): T {
  return ops.exp(ops.neg(ops.abs(x)));
}
