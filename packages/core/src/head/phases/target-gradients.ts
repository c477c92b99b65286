import type { FloatArray } from '../contract.ts';
import type { ReducedBatch } from './close-batch.ts';
import type { BatchContext } from './open-batch.ts';
import { NO_TARGET } from './target-points.ts';

/** Where the gradients of one batch are added up. */
export interface GradientSums {
  /** [B, d]. */
  readonly embeddings: FloatArray;
  /** [C, d]. */
  readonly weights: FloatArray;
  /** [C], for losses with a bias. */
  readonly bias: FloatArray | undefined;
}

/** Called for logits of pass 2: value and gradient. */
export type LogitVisitor = (sample: number, label: number, logit: number, gradient: number) => void;

/** What {@link addTargetGradients} is given. */
export interface TargetGradients {
  readonly batch: BatchContext;
  readonly reduced: ReducedBatch;
  readonly sums: GradientSums;
  readonly visit?: LogitVisitor;
}

/**
 * Adds what the targets and the regulariser contribute: O(B·d), without cancellation near cos θ = ±1
 * ({@link BatchContext}). The passes over the classes see the negatives only.
 */
export function addTargetGradients({ batch, reduced, sums, visit }: TargetGradients): void {
  const { loss, x, points, prepared, labels } = batch;
  const { count, dim } = x;
  for (let i = 0; i < count; i++) {
    const label = labels[i]!;
    if (label === NO_TARGET) continue;
    const scale = prepared.logitScale[i]!;
    const gradient = -reduced.dNll[i]! * reduced.miss[i]!;
    visit?.(i, label, scale * prepared.value[i]!, gradient);
    const slope = scale * gradient * prepared.dCos[i]!;
    const radial =
      scale * gradient * prepared.dNorm[i]! +
      (loss.geometry === 'norm-scaled' ? gradient * prepared.value[i]! : 0) +
      (loss.geometry === 'inner' ? 0 : reduced.dNormOfRegulariser[i]!);
    const alongX = slope * x.inverse[i]!;
    const alongW = slope * points.inverseW[i]!;
    for (let k = 0; k < dim; k++) {
      const at = i * dim + k;
      sums.embeddings[at]! += alongX * points.tangentX[at]! + radial * x.unit[at]!;
      sums.weights[label * dim + k]! += alongW * points.tangentW[at]!;
    }
    if (sums.bias !== undefined) sums.bias[label]! += slope;
  }
}
