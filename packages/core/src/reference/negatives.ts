import { negativeSumNames, negativeTerms } from '../head/phases/formulas/negative-terms.ts';
import { HardNegativeCounter } from '../head/phases/hard-negatives.ts';
import { emptyLogSumExp } from '../head/phases/log-sum-exp.ts';
import type { NegativesSeen } from '../head/phases/meetings.ts';
import type { BatchContext } from '../head/phases/open-batch.ts';
import { numberOps } from '../readings/number.ts';
import type { TileStream } from './tiles.ts';

/**
 * Pass 1: the log-sum-exp over the negatives alone, with the sums that the loss asks for. Leaving the target out keeps
 * 1 − p exact when p is near 1, and makes p ≤ 1 whatever is rounded.
 */
export function seeNegatives(
  { loss, batch, labels, prepared }: BatchContext,
  stream: TileStream,
): NegativesSeen {
  const counts = new HardNegativeCounter(loss);
  const { max, sum } = emptyLogSumExp(batch);
  const names = negativeSumNames(loss);
  const sums = Object.fromEntries(names.map((name) => [name, new Float64Array(batch)]));
  for (let index = 0; index < stream.count; index++) {
    const { start, count: columns, cosines } = stream.tile(index);
    const logits = new Float64Array(columns);
    for (let i = 0; i < batch; i++) {
      const own = labels[i]! - start;
      const pivot = prepared.pivot[i]!;
      const scale = prepared.logitScale[i]!;
      const sample = prepared.sampleValues[i]!;
      let tileMax = max[i]!;
      for (let j = 0; j < columns; j++) {
        if (j === own) {
          logits[j] = Number.NEGATIVE_INFINITY;
          continue;
        }
        const cos = cosines[i * columns + j]!;
        const negative = negativeTerms(numberOps, loss, cos, pivot, sample);
        counts.see(cos, pivot, sample, negative);
        for (const name of names) sums[name]![i]! += negative.sums[name]!;
        logits[j] = scale * negative.value;
        if (logits[j]! > tileMax) tileMax = logits[j]!;
      }
      if (tileMax === Number.NEGATIVE_INFINITY) continue;
      let total = sum[i]! * Math.exp(max[i]! - tileMax);
      for (let j = 0; j < columns; j++) total += Math.exp(logits[j]! - tileMax);
      max[i] = tileMax;
      sum[i] = total;
    }
  }
  return { logSumExp: { max, sum }, sums, counts };
}
