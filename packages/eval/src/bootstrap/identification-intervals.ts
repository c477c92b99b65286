import { createRandom, type OptionNames, requireInteger, requireKnownOptions } from '@cf/core';
import { PairsError } from '../errors.ts';
import {
  IDENTIFICATION_OPTIONS,
  type IdentificationOptions,
  identify,
  sortedSearches,
} from '../identification/identify.ts';
import type { SearchOutcomes } from '../identification/search-mates.ts';
import { rankedGroups, rankScores } from '../verification/ranked-scores.ts';
import { highestTar } from '../verification/tar-at-far.ts';
import { checkLevel, type Interval, percentileInterval } from './interval.ts';
import type { UnitName } from './pair-units.ts';
import type { ResampleOptions } from './resample-verification.ts';
import { pairsOfUnits, resampledPairs, resampledRoom } from './resampled-pairs.ts';

/** What the resamples say of searches; an interval is null where they give none. */
export interface IdentificationIntervals {
  readonly level: number;
  readonly resamples: number;
  /** How many identities were searched for. */
  readonly units: number;
  readonly rank1: Interval | null;
  readonly rank5: Interval | null;
  readonly fnirAtFpir: readonly { readonly fpir: number; readonly interval: Interval | null }[];
}

/** How the intervals of searches are made. */
export interface IdentificationIntervalOptions extends IdentificationOptions, ResampleOptions {
  /** 0.95 if left out. */
  readonly level?: number | undefined;
}

/** What one resample of searches gives; FNIR at each FPIR, null where it drew no stranger. */
export interface IdentificationFigures {
  readonly rank1: number;
  readonly rank5: number;
  readonly fnir: readonly (number | null)[];
}

/** Resamples of searches, ready to be drawn. */
export interface IdentificationResamples {
  readonly resamples: number;
  /** How many identities are searched for. */
  readonly units: number;
  readonly fpirs: readonly number[];
  /** Whether there are enough non-mated searches, one for each FPIR. */
  readonly isShown: readonly boolean[];
  /** One after another, so that others have their turn between them; undefined where one drew no mated search. */
  draw(): Generator<IdentificationFigures | undefined>;
}

const RESAMPLE_OPTIONS: OptionNames<IdentificationOptions & ResampleOptions> = {
  ...IDENTIFICATION_OPTIONS,
  resamples: true,
  seed: true,
};

/**
 * Prepares {@link identificationIntervals}, so that the draws can be made one by one.
 *
 * @param identities - `[Q]`, who each probe is, known to the gallery or not.
 * @throws as `identify`; PairsError if there is not one identity a search
 */
export function resampleIdentification(
  outcomes: SearchOutcomes,
  identities: ArrayLike<UnitName>,
  options: IdentificationOptions & ResampleOptions = {},
): IdentificationResamples {
  requireKnownOptions('resampleIdentification', options, RESAMPLE_OPTIONS);
  const { resamples = 1000, seed = 1, ...identification } = options;
  requireInteger('resamples', resamples, 1, 1e6);
  const { fnirAtFpir } = identify(outcomes, identification);
  const { rank } = outcomes;
  if (identities.length !== rank.length) {
    throw new PairsError(
      `${identities.length} identities`,
      `${rank.length}, one a search`,
      'name every probe.',
    );
  }
  const places = new Map<UnitName, number>();
  const unitOf = Uint32Array.from({ length: rank.length }, (_, search) => {
    const name = identities[search]!;
    if (!places.has(name)) places.set(name, places.size);
    return places.get(name)!;
  });
  const units = places.size;
  const { pairs, searches } = sortedSearches(outcomes, options.candidates);
  const first = searches.map((search) => unitOf[search]!);
  const sorted = pairsOfUnits(pairs, { unit: 'identities', count: units, first, second: first });
  const room = resampledRoom(searches.length);
  const into = rankedGroups(searches.length);
  const drawn = new Uint32Array(units);
  const one = (resample: number): IdentificationFigures | undefined => {
    const stream = createRandom(seed).fork(resample);
    drawn.fill(0);
    for (let n = 0; n < units; n++) drawn[stream.integer(0, units)]!++;
    // Mated searches, and those of them whose identity is among the first one and five.
    const counts = { mated: 0, rank1: 0, rank5: 0 };
    for (const [search, place] of rank.entries()) {
      if (place === 0) continue;
      const times = drawn[unitOf[search]!]!;
      counts.mated += times;
      if (place === 1) counts.rank1 += times;
      if (place <= 5) counts.rank5 += times;
    }
    if (counts.mated === 0) return undefined;
    const ranked = {
      ...rankScores(resampledPairs(sorted, drawn, room), { into }),
      genuinePairs: counts.mated,
    };
    return {
      rank1: counts.rank1 / counts.mated,
      rank5: counts.rank5 / counts.mated,
      fnir: fnirAtFpir.map(({ fpir }) =>
        ranked.impostorPairs === 0 ? null : 1 - highestTar(ranked, fpir).tar,
      ),
    };
  };
  return {
    resamples,
    units,
    fpirs: fnirAtFpir.map(({ fpir }) => fpir),
    isShown: fnirAtFpir.map(({ fnir }) => fnir !== null),
    *draw() {
      for (let resample = 0; resample < resamples; resample++) yield one(resample);
    },
  };
}

const INTERVAL_OPTIONS: OptionNames<IdentificationIntervalOptions> = { ...RESAMPLE_OPTIONS, level: true };

/**
 * Percentile intervals of what {@link identify} reports: those who are searched for are drawn anew with replacement, and
 * every search counts as often as its identity was drawn. The gallery stays as it is, so they tell what other probes would
 * change, not what other people in the gallery would.
 *
 * @param identities - `[Q]`, who each probe is, known to the gallery or not.
 * @throws as `identify`; PairsError if there is not one identity a search
 */
export function identificationIntervals(
  outcomes: SearchOutcomes,
  identities: ArrayLike<UnitName>,
  options: IdentificationIntervalOptions = {},
): IdentificationIntervals {
  requireKnownOptions('identificationIntervals', options, INTERVAL_OPTIONS);
  const { level, ...resampled } = options;
  const resamples = resampleIdentification(outcomes, identities, resampled);
  return identificationIntervalsOf(resamples, [...resamples.draw()], level);
}

/** {@link identificationIntervals} of resamples that are drawn already. */
export function identificationIntervalsOf(
  { resamples, units, fpirs, isShown }: IdentificationResamples,
  drawn: readonly (IdentificationFigures | undefined)[],
  level = 0.95,
): IdentificationIntervals {
  checkLevel(level);
  const interval = (pick: (draw: IdentificationFigures) => number | null): Interval | null =>
    units < 2
      ? null
      : percentileInterval(
          drawn.map((draw) => (draw === undefined ? null : pick(draw))),
          level,
        );
  return {
    level,
    resamples,
    units,
    rank1: interval(({ rank1 }) => rank1),
    rank5: interval(({ rank5 }) => rank5),
    fnirAtFpir: fpirs.map((fpir, at) => ({
      fpir,
      interval: isShown[at] ? interval(({ fnir }) => fnir[at]!) : null,
    })),
  };
}
