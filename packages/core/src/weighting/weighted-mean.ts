import type { BatchOps } from '../ops/tensor-ops.ts';
import type { ReducedLosses } from './sample-weighting.ts';

/** Σ weight_i·nll_i / B, for weights that carry no gradient. */
export function weightedMean<T, M>(ops: BatchOps<T, M>, nll: T, weights: T): Omit<ReducedLosses<T>, 'next'> {
  const losses = ops.mul(weights, nll);
  const batch = ops.count(nll);
  return { losses, loss: ops.div(ops.sum(losses), batch), dNll: ops.div(weights, batch) };
}
