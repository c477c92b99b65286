import type { TensorOps } from '../ops/tensor-ops.ts';

/**
 * Where a negative is hard: cos θ_j > pivot, strictly (equality is easy). The pivot is the target's cosine with
 * its margin, such as cos(θ_y + m) (Huang et al. 2020, eq. 3). The mask carries no gradient.
 */
export function hardMask<T, M>(ops: TensorOps<T, M>, cos: T, pivot: T): M {
  return ops.greater(cos, pivot);
}
