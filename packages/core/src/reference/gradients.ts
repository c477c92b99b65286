import type { MarginLoss } from '../losses/margin-loss.ts';
import { numberOps } from '../readings/number.ts';
import type { PreparedBatch } from './prepare-batch.ts';
import { addCombination } from './products.ts';
import type { ReducedBatch } from './reduce-batch.ts';
import { NO_TARGET, type TargetPoints } from './target-points.ts';
import type { TileStream } from './tiles.ts';
import type { UnitRows } from './unit-rows.ts';

/** Where the gradients of one batch are added up. */
export interface GradientSums {
  /** [B, d]. */
  readonly embeddings: Float64Array;
  /** [C, d]. */
  readonly weights: Float64Array;
  /** [C], for losses with a bias. */
  readonly bias: Float64Array | undefined;
}

/** Called for every logit of pass 2: value and gradient, the target's included. */
export type LogitVisitor = (sample: number, label: number, logit: number, gradient: number) => void;

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
  const radial = new Float64Array(x.count);
  for (let index = stream.count - 1; index >= 0; index--) {
    addTile(loss, x, stream.tile(index), prepared, reduced, labels, sums, radial, visit);
  }
  for (let i = 0; i < x.count; i++) {
    addTarget(loss, x, points, prepared, reduced, labels[i]!, i, sums, radial, visit);
    if (loss.geometry === 'inner') continue;
    const along = radial[i]! + (labels[i] === NO_TARGET ? 0 : reduced.dNormOfRegulariser[i]!);
    for (let k = 0; k < x.dim; k++) sums.embeddings[i * x.dim + k]! += along * x.unit[i * x.dim + k]!;
  }
}

function addTile(
  loss: MarginLoss,
  x: UnitRows,
  tile: ReturnType<TileStream['tile']>,
  prepared: PreparedBatch,
  reduced: ReducedBatch,
  labels: Int32Array,
  sums: GradientSums,
  radial: Float64Array,
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
    const scale = prepared.rowScale[i]!;
    let along = 0;
    for (let j = 0; j < columns; j++) {
      if (j === own) continue;
      const at = i * columns + j;
      const cos = cosines[at]!;
      const other = loss.other(numberOps, cos, prepared.pivot[i]!, prepared.rows[i]!);
      const logit = scale * other.value;
      const gradient = reduced.dNll[i]! * Math.exp(logit - reduced.logSumExp[i]!);
      visit?.(i, start + j, logit, gradient);
      slopes[at] = scale * gradient * other.dCos;
      along += slopes[at]! * cos;
      centerAlong[j]! += slopes[at]! * cos;
      if (loss.geometry === 'norm-scaled') radial[i]! += gradient * other.value;
      if (sums.bias !== undefined) sums.bias[start + j]! += gradient;
    }
    combined.fill(0);
    addCombination(slopes, i * columns, 1, columns, centers.unit, dim, combined, 0);
    const inner = loss.geometry === 'inner' ? 0 : along;
    for (let k = 0; k < dim; k++) {
      sums.embeddings[i * dim + k]! += (combined[k]! - inner * x.unit[i * dim + k]!) * x.inverse[i]!;
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

function addTarget(
  loss: MarginLoss,
  x: UnitRows,
  points: TargetPoints,
  prepared: PreparedBatch,
  reduced: ReducedBatch,
  label: number,
  i: number,
  sums: GradientSums,
  radial: Float64Array,
  visit: LogitVisitor | undefined,
): void {
  if (label === NO_TARGET) return;
  const { dim } = x;
  const scale = prepared.rowScale[i]!;
  const gradient = -reduced.dNll[i]! * reduced.miss[i]!;
  visit?.(i, label, scale * prepared.value[i]!, gradient);
  const slope = scale * gradient * prepared.dCos[i]!;
  for (let k = 0; k < dim; k++) {
    sums.embeddings[i * dim + k]! += slope * points.tangentX[i * dim + k]! * x.inverse[i]!;
    sums.weights[label * dim + k]! += slope * points.tangentW[i * dim + k]! * points.inverseW[i]!;
  }
  radial[i]! += scale * gradient * prepared.dNorm[i]!;
  if (loss.geometry === 'norm-scaled') radial[i]! += gradient * prepared.value[i]!;
  if (sums.bias !== undefined) sums.bias[label]! += gradient;
}
