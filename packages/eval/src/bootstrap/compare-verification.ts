import { type OptionNames, requireKnownOptions } from '@cf/core';
import { checkPairs } from '../verification/labelled-pairs.ts';
import { verify } from '../verification/verify.ts';
import { type Difference, differenceOf } from './difference.ts';
import { checkLevel } from './interval.ts';
import { type McnemarTest, mcnemarTest } from './mcnemar-test.ts';
import {
  RESAMPLE_INPUT,
  type ResampleInput,
  resampleVerification,
  type VerificationResamples,
} from './resample-verification.ts';
import type { VerificationFigures } from './verification-figures.ts';
import type { DrawnFigures } from './verification-intervals.ts';

/** Two models on the same pairs. */
export interface VerificationComparison {
  /** Positions in the list of models. */
  readonly first: number;
  readonly second: number;
  readonly level: number;
  readonly accuracy: Difference | null;
  readonly auc: Difference;
  readonly eer: Difference;
  /** One for each FAR; null where there are too few impostor pairs for it. */
  readonly tarAtFar: readonly { readonly far: number; readonly difference: Difference | null }[];
  /** Of the decisions on the scored pairs, each at the threshold of all other folds. */
  readonly mcnemar: McnemarTest;
}

const OPTIONS: OptionNames<ResampleInput & { readonly level?: number | undefined }> = {
  ...RESAMPLE_INPUT,
  level: true,
};

/**
 * Several models on the same pairs, each two of them: the differences of their figures with percentile intervals and
 * p-values by the bootstrap over identities, in which the models share every draw, and McNemar's exact test of their
 * decisions. P-values are not corrected for how many models are compared.
 *
 * @throws as {@link resampleVerification}
 */
export function compareVerification(
  input: ResampleInput & { readonly level?: number | undefined },
): readonly VerificationComparison[] {
  requireKnownOptions('compareVerification', input, OPTIONS);
  const { level, ...resampled } = input;
  const resamples = resampleVerification(resampled);
  return comparisonsOf(input, resamples, [...resamples.draw()], level);
}

/** {@link compareVerification} by resamples that are drawn already. */
export function comparisonsOf(
  input: ResampleInput,
  { figures, fars, isShown, units }: VerificationResamples,
  drawn: DrawnFigures,
  level = 0.95,
): readonly VerificationComparison[] {
  checkLevel(level);
  const right = input.models.map((scores) => rightDecisions(scores, input));
  const compare = (first: number, second: number): VerificationComparison => {
    const difference = (pick: (of: VerificationFigures) => number | null): Difference | null => {
      const between = (each: readonly VerificationFigures[] | undefined): number | null => {
        if (each === undefined) return null;
        const [a, b] = [pick(each[first]!), pick(each[second]!)];
        return a === null || b === null ? null : b - a;
      };
      const now = between(figures);
      return now === null ? null : differenceOf(now, units < 2 ? [] : drawn.map(between), level);
    };
    return {
      first,
      second,
      level,
      accuracy: difference(({ accuracy }) => accuracy),
      auc: difference(({ auc }) => auc)!,
      eer: difference(({ eer }) => eer)!,
      tarAtFar: fars.map((far, at) => ({
        far,
        difference: isShown[at] ? difference(({ tar }) => tar[at]!) : null,
      })),
      mcnemar: mcnemarTest(
        countAlone(right[first]!, right[second]!),
        countAlone(right[second]!, right[first]!),
      ),
    };
  };
  return right.flatMap((_, first) =>
    right.slice(first + 1).map((_other, after) => compare(first, first + 1 + after)),
  );
}

/** 1 for each scored pair that is decided rightly at the threshold of all other folds, 0 for the rest: `[P]`. */
function rightDecisions(
  scores: ArrayLike<number>,
  { same, folds, scoredFolds }: Pick<ResampleInput, 'same' | 'folds' | 'scoredFolds'>,
): Uint8Array {
  const pairs = checkPairs({ scores, same });
  const thresholds = new Map(
    verify({ scores, same, folds, roc: 'corners' }).folds.map(({ fold, threshold }) => [fold, threshold]),
  );
  return pairs.same.map((is, pair) => {
    const fold = Number(folds?.[pair] ?? 0);
    if (scoredFolds?.includes(fold) === false) return 0;
    return Number(pairs.scores[pair]! >= thresholds.get(fold)! === (is === 1));
  });
}

/** Where the first is right and the second is not. */
function countAlone(first: Uint8Array, second: Uint8Array): number {
  return first.reduce((count, right, pair) => count + (right > second[pair]! ? 1 : 0), 0);
}
