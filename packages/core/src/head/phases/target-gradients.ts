import { batchOps } from '../../readings/batch.ts';
import type { FloatArray, HeadInspection } from '../contract.ts';
import type { ReducedBatch } from './close-batch.ts';
import { targetSlopes } from './formulas/target-slopes.ts';
import type { GradientRowStream } from './gradient-rows.ts';
import type { BatchContext } from './open-batch.ts';
import { NO_TARGET } from './target-points.ts';

/** Where the gradients of one batch are added up. */
export interface GradientSums {
  /** [B, d]. */
  readonly embeddings: FloatArray;
  /** [C·K, d], unless rows are taken one by one. */
  readonly weights: FloatArray;
  /** [C], for losses with a bias. */
  readonly bias: FloatArray | undefined;
  /** Where it was asked for. */
  readonly inspection: HeadInspection | undefined;
}

/**
 * Adds what the targets and the regulariser contribute: O(B·d), without cancellation near cos θ = ±1
 * ({@link BatchContext}). The passes over the classes see the negatives only.
 */
export function addTargetGradients(
  { loss, classes, x, points, prepared, labels }: BatchContext,
  reduced: ReducedBatch,
  { embeddings, weights, bias, inspection }: GradientSums,
  rows?: GradientRowStream,
): void {
  const { count, dim } = x;
  const { logitScale } = prepared;
  const { target } = reduced;
  const slopes = targetSlopes(batchOps, loss, { ...reduced, logitScale });
  const { slope, radial } = slopes;
  const { tangentX, tangentW } = points;
  const { unit } = x;
  for (let i = 0; i < count; i++) {
    const label = labels[i]!;
    if (label === NO_TARGET) continue;
    if (inspection !== undefined) {
      inspection.logits[i * classes + label] = target.targetLogit[i]!;
      inspection.gradLogits[i * classes + label] = slopes.gradient[i]!;
    }
    const alongX = slope[i]! * x.inverse[i]!;
    const alongW = slope[i]! * points.inverseW[i]!;
    const alongUnit = radial[i]!;
    const row = points.rows[i]!;
    const [gradient, first] = rows === undefined ? [weights, row * dim] : rows.waiting(row);
    const toRow = first - i * dim;
    for (let at = i * dim; at < (i + 1) * dim; at++) {
      embeddings[at]! += alongX * tangentX[at]! + alongUnit * unit[at]!;
      gradient[toRow + at]! += alongW * tangentW[at]!;
    }
    if (bias !== undefined) bias[label]! += slopes.bias[i]!;
  }
}
