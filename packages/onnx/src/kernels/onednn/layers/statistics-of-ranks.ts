import type { Communicator } from '@cf/core';

/** Means and variances of some values a channel: [C] each. */
interface OwnStatistics {
  readonly means: Float32Array;
  /** Biased. */
  readonly variances: Float32Array;
  /** Values of a channel. */
  readonly count: number;
}

/**
 * Puts the means and variances over the values of all ranks in the place of a rank's own, weighted by how many each has. In
 * float64: a variance is a small difference of large sums.
 *
 * @returns values of a channel on all ranks
 */
export async function meetStatistics(
  ranks: Communicator,
  { means, variances, count }: OwnStatistics,
): Promise<number> {
  const channels = means.length;
  const sums = new Float64Array(2 * channels + 1);
  for (let c = 0; c < channels; c++) {
    sums[c] = count * means[c]!;
    sums[channels + c] = count * (variances[c]! + means[c]! ** 2);
  }
  sums[2 * channels] = count;
  await ranks.allReduce(sums, 'sum');
  const total = sums[2 * channels]!;
  for (let c = 0; c < channels; c++) {
    const mean = sums[c]! / total;
    means[c] = mean;
    variances[c] = Math.max(0, sums[channels + c]! / total - mean ** 2);
  }
  return total;
}

/** Writes means over the values of all ranks, of which each has sums a channel. @param count values of a channel on all */
export async function meetMeans(
  ranks: Communicator,
  count: number,
  parts: readonly { readonly sums: Float32Array; readonly into: Float32Array }[],
): Promise<void> {
  const all = Float64Array.from(parts.flatMap(({ sums }) => Array.from(sums)));
  await ranks.allReduce(all, 'sum');
  let at = 0;
  for (const { into } of parts) for (let c = 0; c < into.length; c++) into[c] = all[at++]! / count;
}
