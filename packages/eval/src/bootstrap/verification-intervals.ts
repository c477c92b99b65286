import { type OptionNames, requireKnownOptions } from '@cf/core';
import { checkLevel, type Interval, percentileInterval } from './interval.ts';
import type { ResampledUnit } from './pair-units.ts';
import {
  RESAMPLE_INPUT,
  type ResampleInput,
  resampleVerification,
  type VerificationResamples,
} from './resample-verification.ts';
import type { VerificationFigures } from './verification-figures.ts';

/** What the resamples say of one model; an interval is null where they give none. */
export interface VerificationIntervals {
  /** Confidence, such as 0.95. */
  readonly level: number;
  readonly resamples: number;
  /** What was drawn with replacement. */
  readonly unit: ResampledUnit;
  readonly units: number;
  readonly accuracy: Interval | null;
  readonly auc: Interval | null;
  readonly eer: Interval | null;
  /** One for each FAR; null where there are too few impostor pairs for it. */
  readonly tarAtFar: readonly { readonly far: number; readonly interval: Interval | null }[];
}

/** What all the resamples of {@link resampleVerification} gave. */
export type DrawnFigures = readonly (readonly VerificationFigures[] | undefined)[];

const OPTIONS: OptionNames<ResampleInput & { readonly level?: number | undefined }> = {
  ...RESAMPLE_INPUT,
  level: true,
};

/**
 * Percentile intervals of accuracy, AUC, EER and TAR at FAR by a bootstrap over identities, one entry a model.
 *
 * An error that no pair shows gives an interval of no width: with 0 errors among n independent pairs, up to 3/n remain
 * likely (the rule of three), whatever is drawn.
 *
 * @param input as for {@link resampleVerification}; `level` is 0.95 if left out.
 * @throws as {@link resampleVerification}
 */
export function verificationIntervals(
  input: ResampleInput & { readonly level?: number | undefined },
): readonly VerificationIntervals[] {
  requireKnownOptions('verificationIntervals', input, OPTIONS);
  const { level, ...resampled } = input;
  const resamples = resampleVerification(resampled);
  return intervalsOf(resamples, [...resamples.draw()], level);
}

/** {@link verificationIntervals} of resamples that are drawn already. */
export function intervalsOf(
  { unit, units, resamples, figures, fars, isShown }: VerificationResamples,
  drawn: DrawnFigures,
  level = 0.95,
): readonly VerificationIntervals[] {
  checkLevel(level);
  return figures.map((_, model) => {
    const interval = (pick: (of: VerificationFigures) => number | null): Interval | null =>
      units < 2
        ? null
        : percentileInterval(
            drawn.map((each) => (each === undefined ? null : pick(each[model]!))),
            level,
          );
    return {
      level,
      resamples,
      unit,
      units,
      accuracy: interval(({ accuracy }) => accuracy),
      auc: interval(({ auc }) => auc),
      eer: interval(({ eer }) => eer),
      tarAtFar: fars.map((far, at) => ({
        far,
        interval: isShown[at] ? interval(({ tar }) => tar[at]!) : null,
      })),
    };
  });
}
