import type { ReducedBatch } from '../head/phases/close-batch.ts';
import { binaryTerms } from '../head/phases/formulas/negative-terms.ts';
import { biasSlope } from '../head/phases/formulas/target-slopes.ts';
import { HardNegativeCounter } from '../head/phases/hard-negatives.ts';
import type { ClassGradients, PairsSeen } from '../head/phases/head-step.ts';
import { emptyLogSumExp } from '../head/phases/log-sum-exp.ts';
import type { BatchContext } from '../head/phases/open-batch.ts';
import type { NegativeValue } from '../modulation/modulation.ts';
import type { BinaryObjective } from '../objective/objective.ts';
import { numberOps } from '../readings/number.ts';
import { addCombination } from './products.ts';
import type { Tile, TileStream } from './tiles.ts';

/** A negative's logit, and ∂loss by it. */
interface PairSlope {
  readonly logit: number;
  readonly gradient: number;
}

/** ∂loss/∂z_ij of sample i and class j, which is not its own. */
type SlopeOf = (i: number, j: number, negative: NegativeValue<number>, cos: number) => PairSlope;

/**
 * Pass 2: g_ij = dNll_i·(p_ij − ε/C), through N′ to the cosines, and through the tangents of the two normalisations to X
 * and W. The target goes its own way, without cancellation.
 *
 * Tiles come in reverse, so that the last one of pass 1 need not be made again.
 */
export function negativeGradients(
  context: BatchContext,
  stream: TileStream,
  { dNll, logSumExp }: ReducedBatch,
): ClassGradients {
  const { prepared, uniformShare } = context;
  const sums = emptyGradients(context);
  for (let index = stream.count - 1; index >= 0; index--) {
    addTile(context, stream.tile(index), sums, (i, _, { value }) => {
      const logit = prepared.logitScale[i]! * value;
      return { logit, gradient: dNll[i]! * (Math.exp(logit - logSumExp[i]!) - uniformShare) };
    });
  }
  return sums;
}

/** The one pass of a binary objective: what negatives add to the losses and, with dNll at hand, the gradients. */
export function pairsInOnePass(
  context: BatchContext,
  objective: BinaryObjective,
  stream: TileStream,
  dNll: Float64Array | undefined,
): PairsSeen {
  const { loss, batch, prepared, bias } = context;
  const counts = new HardNegativeCounter(loss);
  const losses = new Float64Array(batch);
  // Without slopes there is nothing to hand over.
  const given = dNll === undefined ? { ...context, takeRows: undefined } : context;
  const gradients = emptyGradients(given);
  for (let index = 0; index < stream.count; index++) {
    addTile(given, stream.tile(index), gradients, (i, j, negative, cos) => {
      const pair = binaryTerms(numberOps, objective, negative, prepared.logitScale[i]!, bias?.[j]);
      counts.see(cos, prepared.pivot[i]!, prepared.sampleValues[i]!, negative);
      losses[i]! += pair.loss;
      return { logit: pair.logit, gradient: (dNll?.[i] ?? 0) * pair.dLogit };
    });
  }
  return {
    logSumExp: emptyLogSumExp(batch),
    sums: { loss: losses },
    counts,
    gradients: dNll && gradients,
  };
}

function emptyGradients({
  batch,
  classes,
  dim,
  loss,
  inspect,
  weights,
  takeRows,
}: BatchContext): ClassGradients {
  return {
    embeddings: new Float64Array(batch * dim),
    weights: new Float64Array(takeRows === undefined ? weights.length : 0),
    bias: loss.bias ? new Float64Array(classes) : undefined,
    inspection: inspect
      ? { logits: new Float64Array(batch * classes), gradLogits: new Float64Array(batch * classes) }
      : undefined,
  };
}

function addTile(context: BatchContext, tile: Tile, sums: ClassGradients, slopeOf: SlopeOf): void {
  const { loss, x, labels, prepared, classes, subCenters, takeRows } = context;
  const { start, count: columns, centers, cosines, winners } = tile;
  const { count, dim } = x;
  const rows = centers.count;
  // By row of W: all but the nearest sub-center of a class have none.
  const slopes = new Float64Array(count * rows);
  const centerAlong = new Float64Array(rows);
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
      const { logit, gradient } = slopeOf(i, start + j, negative, cos);
      if (sums.inspection !== undefined) {
        sums.inspection.logits[i * classes + start + j] = logit;
        sums.inspection.gradLogits[i * classes + start + j] = gradient;
      }
      const row = j * subCenters + (winners?.[at] ?? 0);
      const slope = scale * gradient * negative.dCos;
      slopes[i * rows + row] = slope;
      along += slope * cos;
      centerAlong[row]! += slope * cos;
      if (loss.geometry === 'norm-scaled') radial += gradient * negative.value;
      if (sums.bias !== undefined)
        sums.bias[start + j]! += biasSlope(numberOps, loss.objective, { gradient, slope });
    }
    combined.fill(0);
    addCombination(slopes, i * rows, 1, rows, centers.unit, dim, combined, 0);
    const inner = loss.geometry === 'inner' ? 0 : along;
    for (let k = 0; k < dim; k++) {
      const unit = x.unit[i * dim + k]!;
      sums.embeddings[i * dim + k]! += (combined[k]! - inner * unit) * x.inverse[i]! + radial * unit;
    }
  }
  const first = start * subCenters;
  const ofTile = takeRows
    ? new Float64Array(rows * dim)
    : sums.weights.subarray(first * dim, (first + rows) * dim);
  for (let r = 0; r < rows; r++) {
    combined.fill(0);
    addCombination(slopes, r, rows, count, x.unit, dim, combined, 0);
    const inner = loss.geometry === 'inner' ? 0 : centerAlong[r]!;
    for (let k = 0; k < dim; k++) {
      ofTile[r * dim + k]! += (combined[k]! - inner * centers.unit[r * dim + k]!) * centers.inverse[r]!;
    }
  }
  takeRows?.(first, ofTile);
}
