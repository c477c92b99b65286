import { type OptionNames, requireKnownOptions } from '@cf/core';
import type { RocPoints } from '../verification/roc.ts';
import { type VerificationReport, verify } from '../verification/verify.ts';
import { comparisonsOf, type VerificationComparison } from './compare-verification.ts';
import { RESAMPLE_INPUT, type ResampleInput, resampleVerification } from './resample-verification.ts';
import { intervalsOf, type VerificationIntervals } from './verification-intervals.ts';

/** What {@link evaluate} is given: one model or several, and pairs. */
export interface EvaluationInput extends Omit<ResampleInput, 'scoredFolds'> {
  /** 0.95 if left out. */
  readonly level?: number | undefined;
  /** Points of each report's ROC, as for `verify`. */
  readonly roc?: RocPoints | undefined;
}

/** What pairs say of models. */
export interface Evaluation {
  /** In the order that they were given. */
  readonly models: readonly {
    readonly report: VerificationReport;
    readonly intervals: VerificationIntervals;
  }[];
  /** Each two of them. */
  readonly comparisons: readonly VerificationComparison[];
}

const OPTIONS: OptionNames<EvaluationInput> = { ...RESAMPLE_INPUT, level: true, roc: true };

/**
 * Scores models on the same pairs: for each what {@link verify} reports with the intervals of a bootstrap over identities,
 * and for each two of them the differences with their tests, all from the same draws. The one call of what
 * `verificationIntervals` and `compareVerification` each draw anew; searches are `identify` and `identificationIntervals`.
 *
 * @throws as `verify` and `resampleVerification`
 */
export function evaluate(input: EvaluationInput): Evaluation {
  requireKnownOptions('evaluate', input, OPTIONS);
  const { level, roc, ...resampled } = input;
  const { models, same, folds, fars } = resampled;
  const resamples = resampleVerification(resampled);
  const drawn = [...resamples.draw()];
  const intervals = intervalsOf(resamples, drawn, level);
  return {
    models: models.map((scores, model) => ({
      report: verify({ scores, same, folds, fars, roc }),
      intervals: intervals[model]!,
    })),
    comparisons: comparisonsOf(input, resamples, drawn, level),
  };
}
