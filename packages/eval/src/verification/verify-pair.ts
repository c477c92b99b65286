import { cosineSimilarity } from '../similarity/cosine-similarity.ts';
import { checkThreshold } from './labelled-pairs.ts';

/** Whether two pictures are taken to show one person. */
export interface PairVerdict {
  /** Score ≥ threshold. */
  readonly same: boolean;
  /** Cosine of the two embeddings, in [−1, 1]. */
  readonly score: number;
  readonly threshold: number;
}

/**
 * Decides one pair, as {@link verify} decides many: it is accepted when its score ≥ threshold.
 *
 * @param a - `[d]`
 * @param b - `[d]`
 * @param threshold - of {@link thresholdAtFar}, `impostorThreshold`, or `tarAtFar` of a report.
 * @throws ShapeMismatchError (`E_SHAPE`), NonFiniteError (`E_NON_FINITE`), OptionOutOfRangeError (`E_OPTION_RANGE`).
 */
export function verifyPair(a: ArrayLike<number>, b: ArrayLike<number>, threshold: number): PairVerdict {
  checkThreshold(threshold);
  const score = cosineSimilarity(a, b);
  return { same: score >= threshold, score, threshold };
}
