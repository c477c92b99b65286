import { OptionOutOfRangeError } from '@cf/core';

/** Where a number lies with the confidence that was asked for. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** @throws OptionOutOfRangeError unless 0 < level < 1 */
export function checkLevel(level: number): void {
  if (level > 0 && level < 1) return;
  throw new OptionOutOfRangeError('level', level, '0 < level < 1', 'leave it out for 0.95.');
}

/**
 * The percentile interval: from the (1 − level)/2 to the (1 + level)/2 quantile of what the resamples gave, each between its
 * two neighbours in proportion (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
 *
 * @param draws null where a resample gave no number; if more than half are, the interval is null.
 */
export function percentileInterval(draws: readonly (number | null)[], level: number): Interval | null {
  const values = Float64Array.from(draws.filter((value) => value !== null)).sort();
  if (values.length === 0 || 2 * values.length < draws.length) return null;
  const tail = (1 - level) / 2;
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** @param sorted rising, at least one. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (place - below) * (high - low);
}
