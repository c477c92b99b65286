import { bestThresholdOf } from './best-threshold.ts';
import { type CheckedPairs, checkBothClasses } from './labelled-pairs.ts';
import { type RankedScores, rankScores } from './ranked-scores.ts';

/** Where the thresholds of the folds come from. */
export type ThresholdSource = 'other folds' | 'same pairs' | 'given';

/** One held-out fold. */
export interface FoldResult {
  /** Its number, as given. */
  readonly fold: number;
  readonly pairs: number;
  /** A pair is accepted when its score ≥ threshold. */
  readonly threshold: number;
  /** Share of its pairs decided rightly. */
  readonly accuracy: number;
}

/** Accuracy by folds. */
export interface FoldAccuracy {
  /** Mean of the folds' accuracies, each fold with the same weight. */
  readonly accuracy: number;
  /** Standard deviation over folds, population form (divided by k, as numpy.std does); 0 for one fold. */
  readonly std: number;
  /** Standard error of the mean: sample standard deviation (divided by k − 1) / √k; null for one fold. */
  readonly standardError: number | null;
  readonly thresholdFrom: ThresholdSource;
  /** In rising order of their number. */
  readonly folds: readonly FoldResult[];
}

/**
 * Accuracy of each fold at a threshold that never saw it, and their mean.
 *
 * @param folds - `[P]` fold of each pair; one fold if left out.
 * @param given - a threshold from outside, used for every fold.
 */
export function foldAccuracy(
  pairs: CheckedPairs,
  order: Uint32Array,
  folds: Float64Array | undefined,
  given: number | undefined,
): FoldAccuracy {
  const foldOf = folds ?? new Float64Array(pairs.scores.length);
  const numbers = [...new Set(foldOf)].sort((a, b) => a - b);
  const thresholdFrom = given !== undefined ? 'given' : numbers.length > 1 ? 'other folds' : 'same pairs';
  const results = numbers.map((fold) => {
    const threshold =
      given ?? bestThresholdOf(fittingPairs(pairs, order, foldOf, fold, thresholdFrom)).threshold;
    return scoreFold(pairs, foldOf, fold, threshold);
  });
  return { ...spread(results.map((result) => result.accuracy)), thresholdFrom, folds: results };
}

/** The pairs that may choose the threshold of a fold. */
function fittingPairs(
  pairs: CheckedPairs,
  order: Uint32Array,
  foldOf: Float64Array,
  fold: number,
  thresholdFrom: ThresholdSource,
): RankedScores {
  if (thresholdFrom === 'same pairs') return rankScores(pairs, order);
  const others = rankScores(pairs, order, (index) => foldOf[index] !== fold);
  checkBothClasses(others.genuinePairs, others.impostorPairs, `the folds other than fold ${fold}`);
  return others;
}

function scoreFold(pairs: CheckedPairs, foldOf: Float64Array, fold: number, threshold: number): FoldResult {
  let members = 0;
  let correct = 0;
  for (let index = 0; index < foldOf.length; index++) {
    if (foldOf[index] !== fold) continue;
    members++;
    const accepted = pairs.scores[index]! >= threshold;
    if (accepted === (pairs.same[index] === 1)) correct++;
  }
  return { fold, pairs: members, threshold, accuracy: correct / members };
}

function spread(accuracies: readonly number[]): Pick<FoldAccuracy, 'accuracy' | 'std' | 'standardError'> {
  const k = accuracies.length;
  const mean = accuracies.reduce((sum, value) => sum + value, 0) / k;
  const squares = accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    accuracy: mean,
    std: Math.sqrt(squares / k),
    standardError: k > 1 ? Math.sqrt(squares / (k - 1) / k) : null,
  };
}
