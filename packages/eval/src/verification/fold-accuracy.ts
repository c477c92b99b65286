import { meanOf } from '@cf/core';
import { bestThresholdOf } from './best-threshold.ts';
import { checkBothClasses } from './labelled-pairs.ts';
import { type RankedScores, type RankOptions, rankScores, type SortedPairs } from './ranked-scores.ts';

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
 * @param given - a threshold from outside, used for every fold.
 */
export function foldAccuracy(pairs: SortedPairs, given: number | undefined): FoldAccuracy {
  const count = pairs.foldNumbers.length;
  const thresholdFrom = given !== undefined ? 'given' : count > 1 ? 'other folds' : 'same pairs';
  const thresholds = pairs.foldNumbers.map((fold, at) => {
    if (given !== undefined) return given;
    const fitting = fittingPairs(pairs, at);
    checkBothClasses(fitting.genuinePairs, fitting.impostorPairs, `the folds other than fold ${fold}`);
    return bestThresholdOf(fitting).threshold;
  });
  const folds = scoreFolds(pairs, thresholds).map(({ pairs: members, correct }, at) => ({
    fold: pairs.foldNumbers[at]!,
    pairs: members,
    threshold: thresholds[at]!,
    accuracy: correct / members,
  }));
  return { ...accuracyOverFolds(folds.map((result) => result.accuracy)), thresholdFrom, folds };
}

/** The pairs that may choose the threshold of a fold, given by its position: all others, or all where it is the only one. */
export function fittingPairs(pairs: SortedPairs, fold: number, options: RankOptions = {}): RankedScores {
  if (pairs.foldNumbers.length === 1) return rankScores(pairs, options);
  const folds = new Uint8Array(pairs.foldNumbers.length).fill(1);
  folds[fold] = 0;
  return rankScores(pairs, { ...options, folds });
}

/** Pairs of each fold, and how many of them are decided rightly at its threshold. */
export function scoreFolds(
  pairs: SortedPairs,
  thresholds: readonly number[],
): { readonly pairs: number; readonly correct: number }[] {
  const results = thresholds.map(() => ({ pairs: 0, correct: 0 }));
  for (let i = 0; i < pairs.score.length; i++) {
    const times = pairs.times === undefined ? 1 : pairs.times[i]!;
    const fold = pairs.fold[i]!;
    const result = results[fold]!;
    result.pairs += times;
    if (pairs.score[i]! >= thresholds[fold]! === (pairs.same[i] === 1)) result.correct += times;
  }
  return results;
}

/** What the accuracies of folds, one at least, come to. */
export function accuracyOverFolds(
  accuracies: readonly number[],
): Pick<FoldAccuracy, 'accuracy' | 'std' | 'standardError'> {
  const k = accuracies.length;
  const mean = meanOf(accuracies);
  const squares = accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    accuracy: mean,
    std: Math.sqrt(squares / k),
    standardError: k > 1 ? Math.sqrt(squares / (k - 1) / k) : null,
  };
}
