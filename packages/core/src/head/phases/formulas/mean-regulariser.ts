import type { MarginLoss } from '../../../losses/margin-loss.ts';
import type { BatchOps } from '../../../ops/tensor-ops.ts';

/** The regulariser of a batch. */
export interface MeanRegulariser<T> {
  /** Σ w_i·R(‖x_i‖) / B: scalar. */
  readonly mean: T;
  /** ∂mean/∂‖x_i‖: [B]; a scalar 0 where the loss has none. */
  readonly slopes: T;
}

/** The mean of a loss's regulariser over the samples, with the caller's weights; 0 where the loss has none. */
export function meanRegulariser<T, M>(
  ops: BatchOps<T, M>,
  { regulariser }: Pick<MarginLoss, 'regulariser'>,
  norm: T,
  sampleWeights: T,
): MeanRegulariser<T> {
  if (regulariser === undefined) return { mean: ops.constant(0), slopes: ops.constant(0) };
  const { value, dNorm } = regulariser(ops, norm);
  const batch = ops.count(norm);
  return {
    mean: ops.div(ops.sum(ops.mul(sampleWeights, value)), batch),
    slopes: ops.div(ops.mul(sampleWeights, dNorm), batch),
  };
}
