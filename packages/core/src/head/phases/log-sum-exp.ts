/** Σ_{j≠y} e^{z_ij} of each sample as max and sum: e^{max}·sum. (−∞, 0) where there is no negative. */
export interface LogSumExp {
  /** [B]. */
  readonly max: Float64Array;
  /** [B]. */
  readonly sum: Float64Array;
}

/** Of a batch without negatives. */
export function emptyLogSumExp(batch: number): LogSumExp {
  return { max: new Float64Array(batch).fill(Number.NEGATIVE_INFINITY), sum: new Float64Array(batch) };
}

/** The log-sum-exp over the classes of several parts, exactly as if they were one. */
export function mergeLogSumExp(parts: readonly LogSumExp[]): LogSumExp {
  const { max, sum } = emptyLogSumExp(parts[0]!.max.length);
  for (let i = 0; i < max.length; i++) {
    for (const part of parts) max[i] = Math.max(max[i]!, part.max[i]!);
    if (max[i] === Number.NEGATIVE_INFINITY) continue;
    for (const part of parts) sum[i]! += part.sum[i]! * Math.exp(part.max[i]! - max[i]!);
  }
  return { max, sum };
}
