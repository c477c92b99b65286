import { createRandom, requireInteger } from '@cf/core';
import { PairsError } from '../errors.ts';
import { type IdentificationOptions, identify, sortedSearches } from '../identification/identify.ts';
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
  const { resamples = 1000, seed = 1, level = 0.95 } = options;
  requireInteger('resamples', resamples, 1, 1e6);
  checkLevel(level);
  const { fnirAtFpir } = identify(outcomes, options);
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
  const draws = Array.from({ length: resamples }, (_, resample) => {
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
  });
  const interval = (pick: (draw: NonNullable<(typeof draws)[0]>) => number | null): Interval | null =>
    units < 2
      ? null
      : percentileInterval(
          draws.map((draw) => (draw === undefined ? null : pick(draw))),
          level,
        );
  return {
    level,
    resamples,
    units,
    rank1: interval(({ rank1 }) => rank1),
    rank5: interval(({ rank5 }) => rank5),
    fnirAtFpir: fnirAtFpir.map(({ fpir, fnir: known }, at) => ({
      fpir,
      interval: known === null ? null : interval(({ fnir }) => fnir[at]!),
    })),
  };
}
