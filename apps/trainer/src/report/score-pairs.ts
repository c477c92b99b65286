import { meanOf } from '@cf/core';
import { accuracyOverFolds, pairScores, type VerificationReport, verify } from '@cf/eval';
import type { VerificationPairs } from '../dataset/verification-pairs.ts';

/** How well embeddings tell the scored pairs apart. */
export interface PairResult {
  /** Mean over the scored folds, each at the threshold of all other folds. */
  readonly accuracy: number;
  /** Standard deviation over the scored folds. */
  readonly std: number;
  /** How many folds are scored. */
  readonly folds: number;
  /** Everything else, over the scored pairs alone. */
  readonly report: VerificationReport;
  /** Where the thresholds of `accuracy` come from. */
  readonly thresholdFrom: VerificationReport['thresholdFrom'];
  readonly genuine: readonly number[];
  readonly impostor: readonly number[];
  /** Of all pairs, scored or not, in their order: [P]. */
  readonly scores: Float64Array;
  /** Mean threshold of the scored folds. */
  readonly threshold: number;
}

/**
 * Scores pairs by cosine.
 *
 * @param embeddings [N, dim].
 */
export function scorePairs(
  embeddings: Float32Array,
  dim: number,
  { pairs, same, folds, scored }: VerificationPairs,
): PairResult {
  const scores = pairScores(embeddings, dim, pairs);
  const all = verify({ scores, same, folds });
  const counted = all.folds.filter(({ fold }) => scored.includes(fold));
  const chosen = folds.flatMap((fold, i) => (scored.includes(fold) ? [i] : []));
  const pick = <T>(values: ArrayLike<T>): T[] => chosen.map((i) => values[i]!);
  const { accuracy, std } = accuracyOverFolds(counted.map((fold) => fold.accuracy));
  return {
    accuracy,
    std,
    folds: counted.length,
    report: verify({ scores: pick(scores), same: pick(same) }),
    thresholdFrom: all.thresholdFrom,
    genuine: chosen.filter((i) => same[i]).map((i) => scores[i]!),
    impostor: chosen.filter((i) => !same[i]).map((i) => scores[i]!),
    scores,
    threshold: meanOf(counted.map((fold) => fold.threshold)),
  };
}
