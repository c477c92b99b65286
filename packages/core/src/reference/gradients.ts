import type { MarginLoss } from '../losses/margin-loss.ts';
import { numberOps } from '../readings/number.ts';
import type { PreparedBatch } from './prepare-batch.ts';
import { addCombination } from './products.ts';
import type { ReducedBatch } from './reduce-batch.ts';
import { addTargetGradients, type GradientSums, type LogitVisitor } from './target-gradients.ts';
import type { TargetPoints } from './target-points.ts';
import type { TileStream } from './tiles.ts';
import type { UnitRows } from './unit-rows.ts';

/**
 * Pass 2: g_ij = dNll_i·(p_ij − δ_ij), through N′ and T′ to the cosines, and through the tangents of the two
 * normalisations to X and W. The target goes its own way, without cancellation ({@link TargetPoints}).
 *
 * Tiles come in reverse, so that the last one of pass 1 need not be made again.
 */
export function addGradients(
  loss: MarginLoss,
  x: UnitRows,
  stream: TileStream,
  points: TargetPoints,
  prepared: PreparedBatch,
  reduced: ReducedBatch,
  labels: Int32Array,
  sums: GradientSums,
  visit?: LogitVisitor,
): void {
  for (let index = stream.count - 1; index >= 0; index--) {
    addTile(loss, x, stream.tile(index), prepared, reduced, labels, sums, visit);
  }
  addTargetGradients(loss, x, points, prepared, reduced, labels, sums, visit);
}

function addTile(
  loss: MarginLoss,
  x: UnitRows,
  tile: ReturnType<TileStream['tile']>,
  prepared: PreparedBatch,
  reduced: ReducedBatch,
  labels: Int32Array,
  sums: GradientSums,
  visit: LogitVisitor | undefined,
): void {
  const { start, centers, cosines } = tile;
  const columns = centers.count;
  const { count, dim } = x;
  const slopes = new Float64Array(count * columns);
  const centerAlong = new Float64Array(columns);
  const combined = new Float64Array(dim);
  for (let i = 0; i < count; i++) {
    const own = labels[i]! - start;
    const scale = prepared.logitScale[i]!;
    let along = 0;
    let radial = 0;
    for (let j = 0; j < columns; j++) {
      if (j === own) continue;
      const at = i * columns + j;
      const cos = cosines[at]!;
      const negative = loss.negative(numberOps, cos, prepared.pivot[i]!, prepared.sampleValues[i]!);
      const logit = scale * negative.value;
      const gradient = reduced.dNll[i]! * Math.exp(logit - reduced.logSumExp[i]!);
      visit?.(i, start + j, logit, gradient);
      slopes[at] = scale * gradient * negative.dCos;
      along += slopes[at]! * cos;
      centerAlong[j]! += slopes[at]! * cos;
      if (loss.geometry === 'norm-scaled') radial += gradient * negative.value;
      if (sums.bias !== undefined) sums.bias[start + j]! += gradient;
    }
    combined.fill(0);
    addCombination(slopes, i * columns, 1, columns, centers.unit, dim, combined, 0);
    const inner = loss.geometry === 'inner' ? 0 : along;
    for (let k = 0; k < dim; k++) {
      const unit = x.unit[i * dim + k]!;
      sums.embeddings[i * dim + k]! += (combined[k]! - inner * unit) * x.inverse[i]! + radial * unit;
    }
  }
  for (let j = 0; j < columns; j++) {
    combined.fill(0);
    addCombination(slopes, j, columns, count, x.unit, dim, combined, 0);
    const inner = loss.geometry === 'inner' ? 0 : centerAlong[j]!;
    for (let k = 0; k < dim; k++) {
      sums.weights[(start + j) * dim + k]! +=
        (combined[k]! - inner * centers.unit[j * dim + k]!) * centers.inverse[j]!;
    }
  }
}
