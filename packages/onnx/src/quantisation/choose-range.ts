import { requireChoice } from '@cf/core';
import { type LinearScale, linearScale, roundedToEven, type ValueRange } from './linear-scale.ts';
import type { ValueHistogram } from './value-histogram.ts';

/**
 * How the range of a value is chosen from what was seen of it.
 *
 * - `min-max`: all of it.
 * - `percentile`: all but one in ten thousand.
 * - `squared-error`: what leaves the least mean squared error of the values seen.
 * - `entropy`: what leaves the distribution of the values most as it was, by the divergence of Kullback and Leibler
 *   (Migacz 2017, 8-bit inference with TensorRT).
 */
export const RANGE_METHODS = ['min-max', 'percentile', 'squared-error', 'entropy'] as const;
export type RangeMethod = (typeof RANGE_METHODS)[number];

/** Left out by `percentile`. */
const OUTLIERS = 1e-4;
/** What is tried as the largest size of a value: shares of the largest one seen. */
const SHARES = Array.from({ length: 48 }, (_, i) => 0.94 ** i);
const STEPS = 256;
/** What a bin counts for of which the bytes know nothing: little, but no logarithm of 0. */
const NEXT_TO_NOTHING = 1e-12;

/** The range of a value, by what was seen of it. @throws OptionOutOfRangeError for a method that is none */
export function chooseRange(seen: ValueHistogram, method: RangeMethod): ValueRange {
  requireChoice('method', method, RANGE_METHODS);
  // A scale has 0 in its range whatever was seen.
  const whole = { low: Math.min(seen.low, 0), high: Math.max(seen.high, 0) };
  if (seen.low >= seen.high || method === 'min-max') return whole;
  if (method === 'percentile') return seen.inner(OUTLIERS);
  const cost = method === 'entropy' ? divergence : squaredError;
  const bins = filledBins(seen);
  let best: { range: ValueRange; cost: number } = { range: whole, cost: Number.POSITIVE_INFINITY };
  for (const share of SHARES) {
    const most = share * Math.max(-seen.low, seen.high);
    const range = { low: Math.max(whole.low, -most), high: Math.min(whole.high, most) };
    const found = cost(bins, range);
    if (found < best.cost) best = { range, cost: found };
  }
  return best.range;
}

/** Bins with something in them, from the lowest: where their middles are, and the share of all values that each has. */
interface FilledBins {
  readonly middles: Float64Array;
  readonly shares: Float64Array;
}

function filledBins(seen: ValueHistogram): FilledBins {
  const { total } = seen;
  const filled = [...seen.counts.keys()].filter((bin) => seen.counts[bin]! > 0);
  return {
    middles: Float64Array.from(filled, (bin) => seen.middle(bin)),
    shares: Float64Array.from(filled, (bin) => seen.counts[bin]! / total),
  };
}

function byteOf(value: number, { scale, zeroPoint }: LinearScale): number {
  return Math.min(STEPS - 1, Math.max(0, roundedToEven(value / scale) + zeroPoint));
}

/** The mean square of what values differ by from what their bytes stand for. */
function squaredError({ middles, shares }: FilledBins, range: ValueRange): number {
  const by = linearScale(range);
  let sum = 0;
  for (let i = 0; i < middles.length; i++)
    sum += shares[i]! * (middles[i]! - (byteOf(middles[i]!, by) - by.zeroPoint) * by.scale) ** 2;
  return sum;
}

/** How far the distribution of the values is from that of their bytes. */
function divergence({ middles, shares }: FilledBins, range: ValueRange): number {
  const by = linearScale(range);
  const [inside, bins] = [new Float64Array(STEPS), new Float64Array(STEPS)];
  let [first, last, kept] = [-1, -1, 0];
  for (let i = 0; i < middles.length; i++) {
    if (middles[i]! < range.low || middles[i]! > range.high) continue;
    if (first < 0) first = i;
    last = i;
    const byte = byteOf(middles[i]!, by);
    inside[byte]! += shares[i]!;
    bins[byte]!++;
    kept += shares[i]!;
  }
  if (first < 0) return Number.POSITIVE_INFINITY;
  // What lies beyond the range counts as its ends do, of which the bytes know nothing.
  const beyond = (from: number, to: number): number =>
    shares.subarray(from, to).reduce((sum, share) => sum + share, 0);
  const ends = new Map([[first, beyond(0, first)]]);
  ends.set(last, (ends.get(last) ?? 0) + beyond(last + 1, shares.length));
  let sum = 0;
  for (let i = first; i <= last; i++) {
    const byte = byteOf(middles[i]!, by);
    const p = shares[i]! + (ends.get(i) ?? 0);
    sum += p * Math.log(p / Math.max(inside[byte]! / bins[byte]! / kept, NEXT_TO_NOTHING));
  }
  return sum;
}
