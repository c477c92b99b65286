import { type Interval, percentileInterval } from './interval.ts';

/** A figure of the second model less that of the first. */
export interface Difference {
  readonly difference: number;
  /** Percentile interval over the resamples; null where they give none. */
  readonly interval: Interval | null;
  /** Two-sided: how often the resamples put the difference at or beyond 0; null with the interval. */
  readonly pValue: number | null;
}

/**
 * A difference with its interval and p-value: 2·min(#{d ≤ 0}, #{d ≥ 0}) of the resampled differences d, with one added to
 * counts and total, at most 1: the level at which the interval begins to hold 0 (Davison and Hinkley, Bootstrap Methods and
 * their Application, 1997).
 *
 * @param draws null where a resample gave no number; if more than half are, there is no interval
 */
export function differenceOf(
  difference: number,
  draws: readonly (number | null)[],
  level: number = 0.95,
): Difference {
  const interval = percentileInterval(draws, level);
  if (interval === null) return { difference, interval, pValue: null };
  const known = draws.filter((draw) => draw !== null);
  const atMost = known.filter((draw) => draw <= 0).length;
  const atLeast = known.filter((draw) => draw >= 0).length;
  const pValue = Math.min(1, (2 * (Math.min(atMost, atLeast) + 1)) / (known.length + 1));
  return { difference, interval, pValue };
}
