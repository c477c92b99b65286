import { type Interval, interval, intervalOps, type MarginLoss, type PreparedBatch } from '@cf/core';

/**
 * Largest |∂N/∂cos θ| that a negative of any sample of the batch can have: an interval bound over all cosines.
 * Infinity where the geometry bounds no cosine.
 */
export function largestSlope(loss: MarginLoss, prepared: PreparedBatch): number {
  const cosines = loss.geometry === 'inner' ? interval(-Infinity, Infinity) : interval(-1, 1);
  const pivot = rangeOf(prepared.pivot);
  const row: Record<string, Interval> = {};
  for (const name of loss.sampleValueNames)
    row[name] = rangeOf(prepared.sampleValues.map((values) => values[name]!));
  const { low, high } = loss.negative(intervalOps, cosines, pivot, row).dCos;
  return Math.max(Math.abs(low), Math.abs(high));
}

function rangeOf(values: ArrayLike<number>): Interval {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return interval(low, high);
}

/**
 * Which tiles pass 2 may leave out: the least likely ones, while the probability left out stays at or under `bound` for
 * every sample. A bound on each tile alone would not do: a million classes of probability 2⁻²⁴ are 6 % of the whole.
 *
 * @param share the probability of a sample that lies in a tile.
 */
export function tilesToSkip(
  tiles: number,
  batch: number,
  share: (tile: number, sample: number) => number,
  bound: number,
): ReadonlySet<number> {
  const skipped = new Set<number>();
  if (!(bound > 0)) return skipped;
  const largest = new Float64Array(tiles);
  for (let tile = 0; tile < tiles; tile++) {
    for (let i = 0; i < batch; i++) largest[tile] = Math.max(largest[tile]!, share(tile, i));
  }
  const order = Uint32Array.from(largest, (_, tile) => tile).sort((a, b) => largest[a]! - largest[b]!);
  const total = new Float64Array(batch);
  for (const tile of order) {
    const next = total.map((value, i) => value + share(tile, i));
    if (next.some((value) => value > bound)) break;
    total.set(next);
    skipped.add(tile);
  }
  return skipped;
}
