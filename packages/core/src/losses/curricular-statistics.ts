import type { BatchOps } from '../ops/tensor-ops.ts';
import { batchMean } from '../scheduler/ema.ts';
import type { BatchStatistics } from './margin-loss.ts';

/**
 * What of a batch t follows (Huang et al. 2020, ablation over the statistics that estimate t):
 *
 * - `mean-cosine`: r, the mean of cos θ_y (eq. 7), the paper's choice and the default;
 * - `mode-cosine`: the mode of cos θ_y, which the paper does not say how to find: here the middle of the fullest of 40 bins of
 *   width 0.05, of equally full ones the lowest;
 * - `mean-probability`: the mean of p_y, the predicted probability of the ground truth: of the softmax on s·cos θ, without
 *   margin and modulation, which depends on t. It takes a pass over the classes of its own.
 */
export const CURRICULAR_STATISTICS = ['mean-cosine', 'mode-cosine', 'mean-probability'] as const;

export type CurricularStatistic = (typeof CURRICULAR_STATISTICS)[number];

/** The statistic of a batch in training: a scalar. @param scale s of the predicted probability */
export function curricularStatistic<T, M>(
  ops: BatchOps<T, M>,
  batch: BatchStatistics<T>,
  statistic: CurricularStatistic,
  scale: number,
): T {
  if (statistic === 'mode-cosine') return modeOf(ops, batch.cosTarget);
  if (statistic === 'mean-probability') return batchMean(ops, probabilities(ops, batch, scale));
  return batchMean(ops, batch.cosTarget);
}

/** p_y = 1/(1 + Σ_{j≠y} e^{s·cos θ_j − s·cos θ_y}): [B]. */
function probabilities<T, M>(
  ops: BatchOps<T, M>,
  { cosTarget, surveyed }: BatchStatistics<T>,
  scale: number,
): T {
  const { max, sum } = surveyed!;
  const above = ops.sub(max, ops.mul(ops.constant(scale, 's'), cosTarget));
  const one = ops.constant(1);
  // An overflow is a probability of 0; without negatives e^{−∞} makes it 1.
  return ops.div(one, ops.add(one, ops.mul(sum, ops.exp(above))));
}

const BINS = 40;

function modeOf<T, M>(ops: BatchOps<T, M>, cosines: T): T {
  const [none, one] = [ops.constant(0), ops.constant(1)];
  // Each edge is one number, whichever of its two bins asks for it.
  const edge = (bin: number): number => (2 * bin - BINS) / BINS;
  let most = none;
  let mode = none;
  for (let bin = 0; bin < BINS; bin++) {
    const notAbove = ops.not(ops.greater(cosines, ops.constant(edge(bin + 1))));
    const inside = bin === 0 ? notAbove : ops.and(ops.greater(cosines, ops.constant(edge(bin))), notAbove);
    const count = ops.sum(ops.select(inside, one, none));
    const fuller = ops.greater(count, most);
    most = ops.select(fuller, count, most);
    mode = ops.select(fuller, ops.constant(edge(bin + 0.5)), mode);
  }
  return mode;
}
