import { meanOf } from '@cf/core';

/** How one variant differs from another over the same seeds. */
export interface PairedDifference {
  /** Seeds that both have. */
  readonly count: number;
  /** Mean of the differences. */
  readonly mean: number;
  /** Half the 95 % interval of the mean by Student's t; null with fewer than two seeds. */
  readonly halfInterval: number | null;
  /** Two-sided p of the paired t test; null with fewer than two seeds, or where all differences are the same. */
  readonly p: number | null;
  /** Two-sided exact p of Wilcoxon's signed-rank test; null with more seeds than it is computed for. */
  readonly wilcoxon: number | null;
}

/** Scores are shares: beyond this, what they differ by is rounding. */
const ROUNDING = 1e-12;

/** The paired tests of some differences of scores, one a seed. */
export function pairedDifference(given: readonly number[]): PairedDifference {
  const { length: count } = given;
  const mean = meanOf(given);
  // Differences that are the same but for rounding are the same: t would be without bounds.
  const differences = given.map((x) => Math.round(x / ROUNDING) * ROUNDING);
  const wilcoxon = signedRankP(differences);
  if (count < 2) return { count, mean, halfInterval: null, p: null, wilcoxon };
  const [first] = differences;
  if (differences.every((x) => x === first))
    return { count, mean, halfInterval: 0, p: first === 0 ? 1 : null, wilcoxon };
  const error = sampleDeviation(differences) / Math.sqrt(count);
  const halfInterval = error * studentQuantile(0.05, count - 1);
  return { count, mean, halfInterval, p: studentP(mean / error, count - 1), wilcoxon };
}

/** Standard deviation over n − 1; 0 of fewer than two. */
export function sampleDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
}

/**
 * P(|T| ≥ |t|) of Student's distribution, by its finite series for whole degrees of freedom (Abramowitz and Stegun, 26.7.3
 * and 26.7.4).
 */
export function studentP(t: number, freedom: number): number {
  const angle = Math.atan(Math.abs(t) / Math.sqrt(freedom));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < freedom; k += 2) {
    term *= ((k - 1) / k) * cosine * cosine;
    sum += term;
  }
  const within = isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  return Math.max(0, 1 - within);
}

/** The t whose two-sided p is the given one. */
export function studentQuantile(p: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (studentP(high, freedom) > p) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (studentP(middle, freedom) > p) low = middle;
    else high = middle;
  }
  return high;
}

/** Every choice of signs is looked at. */
const MOST_RANKED = 18;

/** Two-sided p of the signed-rank test, exact; equal magnitudes share their ranks, zeros are left out. */
function signedRankP(differences: readonly number[]): number | null {
  const given = differences.filter((x) => x !== 0);
  if (given.length > MOST_RANKED) return null;
  const sizes = given.map(Math.abs);
  const ranks = sizes.map((size) => {
    const smaller = sizes.filter((other) => other < size).length;
    const equal = sizes.filter((other) => other === size).length;
    return smaller + (equal + 1) / 2;
  });
  const middle = ranks.reduce((sum, rank) => sum + rank, 0) / 2;
  const far = (signs: (at: number) => boolean): number =>
    Math.abs(ranks.reduce((sum, rank, at) => sum + (signs(at) ? rank : 0), 0) - middle);
  const found = far((at) => given[at]! > 0);
  let as = 0;
  for (let choice = 0; choice < 2 ** ranks.length; choice++)
    if (far((at) => (choice & (1 << at)) !== 0) >= found - 1e-9) as++;
  return as / 2 ** ranks.length;
}

/** Holm's step-down: p values adjusted for that several are looked at. Null stays null. */
export function holmAdjusted(values: readonly (number | null)[]): readonly (number | null)[] {
  const order = [...values.keys()].filter((i) => values[i] !== null).sort((a, b) => values[a]! - values[b]!);
  const adjusted: (number | null)[] = values.map(() => null);
  let largest = 0;
  for (const [rank, at] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (order.length - rank) * values[at]!));
    adjusted[at] = largest;
  }
  return adjusted;
}
