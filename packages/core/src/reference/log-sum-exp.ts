import type { MarginLoss } from '../losses/margin-loss.ts';
import { numberOps } from '../readings/number.ts';
import type { HardNegativeCounter } from './hard-negatives.ts';
import type { PreparedBatch } from './prepare-batch.ts';
import type { TileStream } from './tiles.ts';

/** Σ_{j≠y} e^{z_ij} of each sample as max and sum: e^{max}·sum. (−∞, 0) where there is no negative. */
export interface LogSumExp {
  /** [B]. */
  readonly max: Float64Array;
  /** [B]. */
  readonly sum: Float64Array;
}

/**
 * Pass 1: the log-sum-exp over the negatives alone. Leaving the target out keeps 1 − p exact when p is near 1, and
 * makes p ≤ 1 whatever is rounded.
 */
export function negativeLogSumExp(
  loss: MarginLoss,
  stream: TileStream,
  prepared: PreparedBatch,
  labels: Int32Array,
  counter: HardNegativeCounter,
): LogSumExp {
  const batch = labels.length;
  const max = new Float64Array(batch).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(batch);
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

/** The log-sum-exp over the classes of several shards, exactly as if they were one. */
export function mergeLogSumExp(shards: readonly LogSumExp[]): LogSumExp {
  const batch = shards[0]!.max.length;
  const max = new Float64Array(batch).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(batch);
  for (let i = 0; i < batch; i++) {
    for (const shard of shards) max[i] = Math.max(max[i]!, shard.max[i]!);
    if (max[i] === Number.NEGATIVE_INFINITY) continue;
    for (const shard of shards) sum[i]! += shard.sum[i]! * Math.exp(shard.max[i]! - max[i]!);
  }
  return { max, sum };
}
