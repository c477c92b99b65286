import type { HardNegativeCounter } from '../head/phases/hard-negatives.ts';
import type { LogSumExp } from '../head/phases/log-sum-exp.ts';
import { emptyLogSumExp } from '../head/phases/log-sum-exp.ts';
import type { BatchContext } from '../head/phases/open-batch.ts';
import { numberOps } from '../readings/number.ts';
import type { TileStream } from './tiles.ts';

/**
 * Pass 1: the log-sum-exp over the negatives alone. Leaving the target out keeps 1 − p exact when p is near 1, and
 * makes p ≤ 1 whatever is rounded.
 */
export function negativeLogSumExp(
  { loss, batch, labels, prepared }: BatchContext,
  stream: TileStream,
  counter: HardNegativeCounter,
): LogSumExp {
  const { max, sum } = emptyLogSumExp(batch);
  for (let index = 0; index < stream.count; index++) {
    const { start, centers, cosines } = stream.tile(index);
    const columns = centers.count;
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
        const negative = loss.negative(numberOps, cos, pivot, sample);
        counter.see(cos, pivot, negative);
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
  return { max, sum };
}
