import { type OptionNames, requireKnownOptions } from '@cf/core';
import { areaUnderRoc } from './area-under-roc.ts';
import { bestThresholdOf } from './best-threshold.ts';
import { equalErrorRate } from './equal-error-rate.ts';
import { type FoldAccuracy, foldAccuracy } from './fold-accuracy.ts';
import { checkFolds, checkPairs, checkThreshold, type LabelledPairs } from './labelled-pairs.ts';
import { rankScores, sortPairs } from './ranked-scores.ts';
import { type RocPoint, type RocPoints, rocCurve } from './roc.ts';
import { DEFAULT_FARS, type TarAtFar, tarAtFars } from './tar-at-far.ts';

/** What {@link verify} is given. */
export interface VerificationInput extends LabelledPairs {
  /** `[P]` fold of each pair, any integers; without it all pairs are one fold. */
  readonly folds?: ArrayLike<number | bigint> | undefined;
  /** False accept rates to report the TAR at, 0 < FAR ≤ 1; 1e-1, 1e-2 … 1e-6 if left out. */
  readonly fars?: readonly number[] | undefined;
  /** A threshold chosen elsewhere; with it no threshold is fitted to these pairs for `accuracy`. */
  readonly threshold?: number | undefined;
  /**
   * Which points `roc` has: `all`, one a distinct score, or its `corners` alone, the same curve. Default `all`, whose points
   * take about 100 bytes each; corners are few where one kind of pairs is rare, as with ten million impostor pairs.
   */
  readonly roc?: RocPoints | undefined;
}

/** What {@link verify} finds; every rate is a share in [0, 1]. */
export interface VerificationReport extends FoldAccuracy {
  /** Pairs of one identity. */
  readonly genuinePairs: number;
  /** Pairs of two identities. */
  readonly impostorPairs: number;
  /** Area under the ROC (Mann–Whitney, ties counted half). */
  readonly auc: number;
  /** Equal error rate, interpolated linearly between ROC points. */
  readonly eer: number;
  /** One entry for each of `fars`, in their order. */
  readonly tarAtFar: readonly TarAtFar[];
  /** The threshold with the highest accuracy over all pairs. It has seen the pairs: for use, not for comparison. */
  readonly bestThreshold: number;
  /** Accuracy of `bestThreshold` over all pairs; an upper bound of what any threshold reaches here. */
  readonly bestAccuracy: number;
  /** From (0, 0) to (1, 1), one point a distinct score unless `corners` were asked for. */
  readonly roc: readonly RocPoint[];
}

const OPTIONS: OptionNames<VerificationInput> = {
  folds: true,
  fars: true,
  threshold: true,
  roc: true,
  scores: true,
  same: true,
};

/**
 * Face verification: how well a similarity score tells pairs of one identity from pairs of two.
 *
 * A pair is accepted when its score ≥ threshold. `accuracy` follows the protocol of Labeled Faces in the Wild, view 2:
 * the threshold of each fold is the one with the highest accuracy on the other folds (see {@link bestThreshold}).
 * A held-out fold may lack one kind of pairs; the folds that choose its threshold may not.
 *
 * O(P·k) for P pairs in k folds, and about 80 bytes a pair beside those of `roc`.
 *
 * @throws PairsError (`E_PAIRS`) if lengths differ, a label is not a truth value, a fold is not an integer, or there is
 * no genuine or no impostor pair.
 * @throws NonFiniteError (`E_NON_FINITE`) if a score is not finite; it names the index.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a FAR outside (0, 1] or a threshold that is not finite.
 * @see G. B. Huang, M. Ramesh, T. Berg, E. Learned-Miller, Labeled Faces in the Wild, 2007.
 */
export function verify(input: VerificationInput): VerificationReport {
  requireKnownOptions('verify', input, OPTIONS);
  const checked = checkPairs(input);
  const folds = input.folds === undefined ? undefined : checkFolds(input.folds, checked.scores.length);
  if (input.threshold !== undefined) checkThreshold(input.threshold);
  const pairs = sortPairs(checked, folds);
  const ranked = rankScores(pairs);
  const best = bestThresholdOf(ranked);
  return {
    genuinePairs: ranked.genuinePairs,
    impostorPairs: ranked.impostorPairs,
    ...foldAccuracy(pairs, input.threshold),
    auc: areaUnderRoc(ranked),
    eer: equalErrorRate(ranked),
    tarAtFar: tarAtFars(ranked, input.fars ?? DEFAULT_FARS),
    bestThreshold: best.threshold,
    bestAccuracy: best.accuracy,
    roc: rocCurve(ranked, input.roc),
  };
}
