import type { ReducedBatch } from '../head/phases/close-batch.ts';
import type { ClassGradients } from '../head/phases/head-step.ts';
import type { BatchContext } from '../head/phases/open-batch.ts';
import { numberOps } from '../readings/number.ts';
import { addCombination } from './products.ts';
import type { Tile, TileStream } from './tiles.ts';

/**
 * Pass 2: g_ij = dNll_i·(p_ij − δ_ij), through N′ and T′ to the cosines, and through the tangents of the two
 * normalisations to X and W. The target goes its own way, without cancellation.
 *
 * Tiles come in reverse, so that the last one of pass 1 need not be made again.
 */
export function negativeGradients(
  context: BatchContext,
  stream: TileStream,
  reduced: ReducedBatch,
): ClassGradients {
  const { batch, classes, dim, loss, inspect } = context;
  const sums: ClassGradients = {
    embeddings: new Float64Array(batch * dim),
    weights: new Float64Array(classes * dim),
    bias: loss.bias ? new Float64Array(classes) : undefined,
    inspection: inspect
      ? { logits: new Float64Array(batch * classes), gradLogits: new Float64Array(batch * classes) }
      : undefined,
  };
  for (let index = stream.count - 1; index >= 0; index--) addTile(context, stream.tile(index), reduced, sums);
  return sums;
}

function addTile(context: BatchContext, tile: Tile, reduced: ReducedBatch, sums: ClassGradients): void {
  const { loss, x, labels, prepared, classes } = context;
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
      if (sums.inspection !== undefined) {
        sums.inspection.logits[i * classes + start + j] = logit;
        sums.inspection.gradLogits[i * classes + start + j] = gradient;
      }
      slopes[at] = scale * gradient * negative.dCos;
      along += slopes[at]! * cos;
      centerAlong[j]! += slopes[at]! * cos;
      if (loss.geometry === 'norm-scaled') radial += gradient * negative.value;
      if (sums.bias !== undefined) sums.bias[start + j]! += slopes[at]!;
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
