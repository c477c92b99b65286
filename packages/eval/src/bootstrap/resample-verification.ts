import {
  createRandom,
  type OptionNames,
  OptionOutOfRangeError,
  requireInteger,
  requireKnownOptions,
} from '@cf/core';
import { PairsError } from '../errors.ts';
import { checkFolds, checkPairs } from '../verification/labelled-pairs.ts';
import { rankedGroups, rankScores, sortPairs } from '../verification/ranked-scores.ts';
import { DEFAULT_FARS } from '../verification/tar-at-far.ts';
import { requiredPairs } from '../verification/threshold-at-far.ts';
import { type PairOrigins, pairUnits, type ResampledUnit } from './pair-units.ts';
import { pairsOfUnits, resampledPairs, resampledRoom } from './resampled-pairs.ts';
import { type VerificationFigures, verificationFigures } from './verification-figures.ts';

/** How often the pairs are drawn anew. */
export interface ResampleOptions {
  /** An integer ≥ 1; 1,000 if left out. */
  readonly resamples?: number | undefined;
  /** 1 if left out. */
  readonly seed?: number | string | undefined;
}

/** What {@link resampleVerification} is given. */
export interface ResampleInput extends PairOrigins, ResampleOptions {
  /** `[P]` scores of each model, all of the same pairs. */
  readonly models: readonly ArrayLike<number>[];
  /** `[P]`, true or 1 for a genuine pair. */
  readonly same: ArrayLike<boolean | number>;
  /** `[P]` fold of each pair; one fold if left out. */
  readonly folds?: ArrayLike<number> | undefined;
  /** The folds that count; the others choose thresholds alone. All if left out. */
  readonly scoredFolds?: readonly number[] | undefined;
  /** 1e-1, 1e-2 … 1e-6 if left out. */
  readonly fars?: readonly number[] | undefined;
}

/** Resamples of pairs, and what the pairs as they are give. */
export interface VerificationResamples {
  readonly unit: ResampledUnit;
  /** How many there are to draw. */
  readonly units: number;
  readonly resamples: number;
  readonly fars: readonly number[];
  /** Whether there are impostor pairs enough for each FAR. */
  readonly isShown: readonly boolean[];
  /** Of the pairs as they are: one a model. */
  readonly figures: readonly VerificationFigures[];
  /**
   * The resamples one after another, the figures of every model on each, so that a caller can tell how far it is; undefined
   * for a resample without a genuine or an impostor pair. Call it again for the same once more.
   */
  draw(): Generator<readonly VerificationFigures[] | undefined, void, undefined>;
}

/** Their names. */
export const RESAMPLE_INPUT: OptionNames<ResampleInput> = {
  models: true,
  same: true,
  folds: true,
  scoredFolds: true,
  fars: true,
  identities: true,
  pictures: true,
  resamples: true,
  seed: true,
};

/**
 * Draws identities with replacement, as many as there are, and computes the figures of `verify` anew: thresholds are chosen
 * anew as well. A genuine pair counts as often as its identity was drawn, an impostor pair the product of both numbers, so
 * that what one person adds to many pairs moves them together. The models share the draws.
 *
 * This is the vertex bootstrap (Snijders and Borgatti, Non-parametric standard errors and tests for network statistics,
 * 1999; for 1:1 matching Fogliato, Patil and Perona, Confidence intervals for error rates in 1:1 matching tasks, IJCV 2024),
 * and the pigeonhole bootstrap of Owen (2007). For impostor pairs whose errors have little to do with each other it is wide
 * rather than narrow: their variance counts up to three times. Where identities are not known see {@link PairOrigins}.
 *
 * Each resample takes O(P·k) for P pairs in k folds and each model; all of them, 21 bytes a pair and model, and 45 a pair.
 *
 * @throws PairsError, NonFiniteError as `verify`; OptionOutOfRangeError for other options
 */
export function resampleVerification(input: ResampleInput): VerificationResamples {
  requireKnownOptions('resampleVerification', input, RESAMPLE_INPUT);
  const { models, resamples = 1000, seed = 1, fars = DEFAULT_FARS } = input;
  requireInteger('resamples', resamples, 1, 1e6);
  const required = fars.map((far, index) => requiredPairs(`fars[${index}]`, far));
  if (models.length === 0) {
    throw new PairsError('no scores', 'the scores of one model or more', 'pass a list a model.');
  }
  const checked = models.map((scores) => checkPairs({ scores, same: input.same }));
  const labels = checked[0]!.same;
  const folds = input.folds === undefined ? undefined : checkFolds(input.folds, labels.length);
  const units = pairUnits(labels, input);
  const sorted = checked.map((pairs) => sortPairs(pairs, folds));
  const scored = scoredMask(sorted[0]!.foldNumbers, input.scoredFolds);
  const into = rankedGroups(labels.length);
  const shown = rankScores(sorted[0]!, { folds: scored, into });
  const figures = sorted.map((pairs) => verificationFigures(pairs, { scored, fars, into }));
  if (figures.some((one) => one === undefined)) {
    throw new PairsError(
      `${shown.genuinePairs} genuine and ${shown.impostorPairs} impostor pairs in the scored folds`,
      'at least one of each',
      'score more folds.',
    );
  }
  const isShown = required.map((count) => shown.impostorPairs >= count);
  const ofUnits = sorted.map((pairs) => pairsOfUnits(pairs, units));
  const room = resampledRoom(labels.length);
  function* draw(): Generator<readonly VerificationFigures[] | undefined, void, undefined> {
    const random = createRandom(seed);
    const drawn = new Uint32Array(units.count);
    for (let resample = 0; resample < resamples; resample++) {
      const stream = random.fork(resample);
      drawn.fill(0);
      for (let n = 0; n < units.count; n++) drawn[stream.integer(0, units.count)]!++;
      const each: VerificationFigures[] = [];
      for (const pairs of ofUnits) {
        const found = verificationFigures(resampledPairs(pairs, drawn, room), { scored, fars, into });
        if (found !== undefined) each.push(found);
      }
      yield each.length === sorted.length ? each : undefined;
    }
  }
  const { unit, count } = units;
  return { unit, units: count, resamples, fars, isShown, figures: figures as VerificationFigures[], draw };
}

/** 1 for each fold that counts. */
function scoredMask(folds: readonly number[], scored: readonly number[] | undefined): Uint8Array {
  if (scored === undefined) return new Uint8Array(folds.length).fill(1);
  const unknown = scored.find((fold) => !folds.includes(fold));
  if (unknown !== undefined || scored.length === 0) {
    throw new OptionOutOfRangeError(
      'scoredFolds',
      unknown ?? scored,
      `one or more of ${folds.join(', ')}`,
      'name folds of the pairs.',
    );
  }
  return Uint8Array.from(folds, (fold) => (scored.includes(fold) ? 1 : 0));
}
