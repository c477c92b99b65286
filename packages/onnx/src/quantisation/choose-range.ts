import { requireChoice } from '@cf/core';
import { linearScale, roundedToEven, type ValueRange } from './linear-scale.ts';
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
const SHARES = Array.from({ length: 80 }, (_, i) => 0.96 ** i);
const STEPS = 256;

/** The range of a value, by what was seen of it. @throws OptionOutOfRangeError for a method that is none */
export function chooseRange(seen: ValueHistogram, method: RangeMethod): ValueRange {
  requireChoice('method', method, RANGE_METHODS);
  const whole = { low: seen.low, high: seen.high };
  if (seen.low >= seen.high || method === 'min-max') return whole;
  if (method === 'percentile') return seen.inner(OUTLIERS);
  const cost = method === 'entropy' ? divergence : squaredError;
  let best: { range: ValueRange; cost: number } = { range: whole, cost: Number.POSITIVE_INFINITY };
  for (const share of SHARES) {
    const most = share * Math.max(-seen.low, seen.high);
    const range = { low: Math.max(seen.low, -most), high: Math.min(seen.high, most) };
    const found = cost(seen, range);
    if (found < best.cost) best = { range, cost: found };
  }
  return best.range;
}

/** The sum of the squares by which values differ from what their bytes stand for. */
function squaredError(seen: ValueHistogram, range: ValueRange): number {
  const { scale, zeroPoint } = linearScale(range);
  let sum = 0;
  for (const [bin, count] of seen.counts.entries()) {
    if (count === 0) continue;
    const value = seen.middle(bin);
    const step = Math.min(STEPS - 1, Math.max(0, roundedToEven(value / scale) + zeroPoint));
    sum += count * (value - (step - zeroPoint) * scale) ** 2;
  }
  return sum;
}

/** How far the distribution of the values is from that of their bytes. */
function divergence(seen: ValueHistogram, range: ValueRange): number {
  const { scale, zeroPoint } = linearScale(range);
  const [counts, clipped] = [new Float64Array(STEPS), new Float64Array(seen.counts.length)];
  const width = new Float64Array(STEPS);
  const stepOf = (bin: number): number =>
    Math.min(STEPS - 1, Math.max(0, roundedToEven(seen.middle(bin) / scale) + zeroPoint));
  const isInside = (bin: number): boolean =>
    seen.middle(bin) >= range.low - seen.width && seen.middle(bin) <= range.high + seen.width;
  // What lies beyond the range counts as its ends do, of which the bytes know nothing.
  let [first, last] = [-1, -1];
  for (let bin = 0; bin < seen.counts.length; bin++) {
    if (!isInside(bin)) continue;
    if (first < 0) first = bin;
    last = bin;
  }
  for (const [bin, count] of seen.counts.entries()) {
    if (count === 0) continue;
    clipped[Math.min(last, Math.max(first, bin))]! += count;
    if (!isInside(bin)) continue;
    counts[stepOf(bin)]! += count;
    width[stepOf(bin)]! += 1;
  }
  const [total, kept] = [seen.total, counts.reduce((sum, count) => sum + count, 0)];
  let sum = 0;
  for (let bin = first; bin <= last; bin++) {
    const p = clipped[bin]! / total;
    if (p === 0) continue;
    const step = stepOf(bin);
    const q = seen.counts[bin] === 0 || width[step] === 0 ? 1e-12 : counts[step]! / width[step]! / kept;
    sum += p * Math.log(p / q);
  }
  return sum;
}
