import {
  NonFiniteError,
  type OptionNames,
  requireInteger,
  requireKnownOptions,
  ShapeMismatchError,
} from '@cf/core';
import { PairsError } from '../errors.ts';
import { rankScores, sortPairs } from '../verification/ranked-scores.ts';
import { type RocPoint, rocCurve } from '../verification/roc.ts';
import { tarAtFars } from '../verification/tar-at-far.ts';
import { requiredPairs } from '../verification/threshold-at-far.ts';
import type { SearchOutcomes } from './search-mates.ts';

/** What is read off the searches. */
export interface IdentificationOptions {
  /** The highest rank of the CMC; 20 if left out. */
  readonly ranks?: number | undefined;
  /** False positive identification rates, 0 < FPIR ≤ 1; 1e-1, 1e-2 and 1e-3 if left out. */
  readonly fpirs?: readonly number[] | undefined;
  /**
   * Candidates that a search returns: a mate after them is missed, whatever its score. All if left out, so that the
   * threshold alone decides.
   */
  readonly candidates?: number | undefined;
}

/** The false negative identification rate where at most `fpir` of the searches for strangers return somebody. */
export interface FnirAtFpir {
  readonly fpir: number;
  /** Lowest FNIR of a threshold whose FPIR ≤ `fpir`; null if there are too few searches for strangers. */
  readonly fnir: number | null;
  /** A candidate is returned when its score ≥ threshold; null with `fnir`. */
  readonly threshold: number | null;
  readonly status: 'ok' | 'too few non-mated searches';
  /** Searches for strangers needed before one of them weighs at most `fpir`. */
  readonly required: number;
}

/** What {@link identify} finds; every rate is a share in [0, 1]. */
export interface IdentificationReport {
  /** Searches for people whom the gallery has. */
  readonly mated: number;
  /** Searches for people whom it has not. */
  readonly nonMated: number;
  /** Closed set: share of mated searches whose identity is first. */
  readonly rank1: number;
  /** Share of them whose identity is among the first five. */
  readonly rank5: number;
  /** Cumulative match characteristic: share of mated searches whose identity is among the first 1, 2, 3 … */
  readonly cmc: readonly number[];
  /** Open set, one entry for each of `fpirs`. */
  readonly fnirAtFpir: readonly FnirAtFpir[];
  /** `far` is the FPIR, `tar` is 1 − FNIR, at every threshold where they change; empty without non-mated searches. */
  readonly roc: readonly RocPoint[];
}

/** Their names. */
export const IDENTIFICATION_OPTIONS: OptionNames<IdentificationOptions> = {
  ranks: true,
  fpirs: true,
  candidates: true,
};

/**
 * Identification, 1:N, from searches of a gallery.
 *
 * Closed set: the CMC, over mated searches. Open set: FPIR(T) is the share of non-mated searches that return a candidate at
 * or above T, FNIR(T) the share of mated searches that do not return the mate at or above T (ISO/IEC 19795-1:2021; Grother,
 * Ngan and Hanaoka, FRVT part 2: Identification, NIST IR 8271; Maze et al., IJB-C, 2018).
 *
 * @throws ShapeMismatchError, NonFiniteError for outcomes that are none; PairsError without a mated search;
 * OptionOutOfRangeError for other options
 */
export function identify(
  outcomes: SearchOutcomes,
  options: IdentificationOptions = {},
): IdentificationReport {
  requireKnownOptions('identify', options, IDENTIFICATION_OPTIONS);
  const { ranks = 20, fpirs = [1e-1, 1e-2, 1e-3], candidates } = options;
  requireInteger('ranks', ranks, 1, 1e6);
  if (candidates !== undefined) requireInteger('candidates', candidates, 1, Number.MAX_SAFE_INTEGER);
  for (const [index, fpir] of fpirs.entries()) requiredPairs(`fpirs[${index}]`, fpir);
  checkOutcomes(outcomes);
  const placed = outcomes.rank.filter((rank) => rank > 0);
  const [mated, nonMated] = [placed.length, outcomes.rank.length - placed.length];
  if (mated === 0) {
    throw new PairsError('no mated search', 'one or more', 'search for people whom the gallery has.');
  }
  const upTo = (rank: number): number => placed.filter((place) => place <= rank).length / mated;
  const ranked = { ...rankScores(sortedSearches(outcomes, candidates).pairs), genuinePairs: mated };
  return {
    mated,
    nonMated,
    rank1: upTo(1),
    rank5: upTo(5),
    cmc: cumulativeMatches(placed, ranks),
    fnirAtFpir: tarAtFars(ranked, fpirs).map(({ far, tar, threshold, status, required }) => ({
      fpir: far,
      fnir: tar === null ? null : 1 - tar,
      threshold,
      status: status === 'ok' ? status : 'too few non-mated searches',
      required,
    })),
    roc: nonMated === 0 ? [] : rocCurve(ranked, 'corners'),
  };
}

/** Searches in falling order of their scores, and which of the outcomes they are. */
interface SortedSearches {
  readonly pairs: ReturnType<typeof sortPairs>;
  /** Positions among the outcomes of what `pairs.order` names. */
  readonly searches: Uint32Array;
}

/** Mated searches as genuine pairs, non-mated ones as impostor pairs; without mates past the candidates, who are missed. */
export function sortedSearches(
  { rank, score }: SearchOutcomes,
  candidates: number = Number.MAX_SAFE_INTEGER,
): SortedSearches {
  const searches = Uint32Array.from(rank.keys()).filter((search) => rank[search]! <= candidates);
  const scores = Float64Array.from(searches, (search) => score[search]!);
  const same = Uint8Array.from(searches, (search) => (rank[search]! > 0 ? 1 : 0));
  return { pairs: sortPairs({ scores, same }), searches };
}

function cumulativeMatches(placed: Uint32Array, ranks: number): number[] {
  const at = new Uint32Array(ranks);
  for (const place of placed) if (place <= ranks) at[place - 1]!++;
  let found = 0;
  return Array.from(at, (count) => {
    found += count;
    return found / placed.length;
  });
}

function checkOutcomes({ rank, score }: SearchOutcomes): void {
  if (rank.length !== score.length) {
    throw new ShapeMismatchError(`${rank.length} ranks and ${score.length} scores`, 'one of each a search');
  }
  const index = score.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) throw new NonFiniteError('score', index, score[index]!, 'pass what a gallery found.');
}
