import { addGradients, type ReducedBatch, type TargetPoints, type TileStream } from '@cf/core';
import type { GradientTotals } from './gradient-pass.ts';
import type { StepContext } from './step-context.ts';

/** Adds what the targets and the regulariser contribute: O(B·d), on the host, in float64, by core's own function. */
export function addTargetGradients(
  { loss, x, labels, prepared }: StepContext,
  points: TargetPoints,
  reduced: ReducedBatch,
  totals: GradientTotals,
): void {
  const { count, dim } = x;
  // Each sample gets a class row of its own here, so that nothing of size C is needed.
  const own = {
    embeddings: totals.embeddings,
    weights: new Float64Array(count * dim),
    bias: totals.bias && new Float64Array(count),
  };
  const ownLabels = Int32Array.from({ length: count }, (_, i) => i);
  addGradients(loss, x, noTiles, points, prepared, reduced, ownLabels, own, (i, _, logit, gradient) => {
    if (totals.inspection === undefined) return;
    const at = (i * totals.inspection.logits.length) / count + labels[i]!;
    totals.inspection.logits[at] = logit;
    totals.inspection.gradLogits[at] = gradient;
  });
  for (let i = 0; i < count; i++) {
    const label = labels[i]!;
    for (let k = 0; k < dim; k++) totals.weights[label * dim + k]! += own.weights[i * dim + k]!;
    if (totals.bias !== undefined) totals.bias[label]! += own.bias![i]!;
  }
}

const noTiles: TileStream = {
  count: 0,
  tile: () => {
    throw new RangeError('no tiles');
  },
};
