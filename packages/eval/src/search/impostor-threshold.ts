import {
  createRandom,
  type OptionNames,
  requireInteger,
  requireKnownOptions,
  ShapeMismatchError,
} from '@cf/core';
import { PairsError } from '../errors.ts';
import { requiredPairs, tooFewImpostors } from '../verification/threshold-at-far.ts';
import type { IdentityIndex } from './identity-index.ts';
import { fourProducts, interleaved, PROBES_AT_ONCE, toCosine } from './products.ts';

/** How {@link impostorThreshold} looks at a gallery. */
export interface ImpostorThresholdOptions {
  /** The false accept rate that is asked for, 0 < FAR ≤ 1. */
  readonly far: number;
  /** Pictures that the gallery's rows are compared with, such as those that its mean templates are of; its own rows by default. */
  readonly probes?: IdentityIndex;
  /** Where there are more pairs, rows are drawn; 100 million by default, which show rates down to 1e-8. */
  readonly mostPairs?: number;
  /** Of the draw. */
  readonly seed?: number | string;
}

/** A threshold that impostor pairs of a gallery pass at most so often. */
export interface ImpostorThreshold {
  /** A pair is accepted when its score ≥ threshold. */
  readonly threshold: number;
  /** Share of the pairs that pass it; at most the rate that was asked for. */
  readonly far: number;
  /** Pairs of two identities that were looked at. */
  readonly impostorPairs: number;
  /** Whether those were all that there are; else of rows that were drawn. */
  readonly isAll: boolean;
}

/** Steps of a score, over which the threshold is found: 2⁻¹⁹ each. */
const STEPS = 2 ** 20;
/** Rows of a tile, as numbers: they stay in a core's own cache. */
const TILE = 2 ** 15;

const OPTIONS: OptionNames<ImpostorThresholdOptions> = {
  far: true,
  probes: true,
  mostPairs: true,
  seed: true,
};

/**
 * The threshold of a false accept rate, from the impostor pairs of a gallery itself: all pairs of rows of two identities.
 *
 * It is the lowest of a grid of steps of 2⁻¹⁹ whose share of accepted pairs does not exceed the rate. Pairs that share a row
 * depend on each other: the rate is that of these people, and surer for many people than for many pictures of few.
 *
 * @throws PairsError (`E_PAIRS`) if the pairs, or as many as are looked at, are too few to show the rate: one of them weighs
 * more.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) unless 0 < FAR ≤ 1.
 */
export function impostorThreshold(
  gallery: IdentityIndex,
  options: ImpostorThresholdOptions,
): ImpostorThreshold {
  requireKnownOptions('impostorThreshold', options, OPTIONS);
  const { far, probes = gallery, mostPairs = 1e8, seed = 0 } = options;
  const required = requiredPairs('far', far);
  requireInteger('mostPairs', mostPairs, 1, 2 ** 32 - 1);
  if (probes.dim !== gallery.dim)
    throw new ShapeMismatchError(`probes of ${probes.dim} numbers`, `${gallery.dim}, as the gallery has`);
  const isOwn = probes === gallery;
  const rows = drawnRows(probes.labels.length, mostFor(mostPairs, gallery, isOwn), seed);
  const isAll = rows.length === probes.labels.length;
  if (!isAll && mostPairs < required) throw tooFewDrawn(far, mostPairs, required);
  const drawn = isAll ? probes : someRows(probes, rows);
  const counts = new Uint32Array(STEPS + 1);
  const impostorPairs = countScores(isOwn ? drawn : gallery, drawn, isOwn, counts);
  if (impostorPairs < required)
    throw isAll ? tooFewImpostors(far, impostorPairs, required) : tooFewDrawn(far, impostorPairs, required);
  let accepted = 0;
  let step = STEPS + 1;
  while (step > 0 && (accepted + counts[step - 1]!) / impostorPairs <= far) accepted += counts[--step]!;
  return { threshold: (2 * step) / STEPS - 1, far: accepted / impostorPairs, impostorPairs, isAll };
}

/** The gallery has more, but no more are looked at. */
function tooFewDrawn(far: number, pairs: number, required: number): PairsError {
  return new PairsError(
    `a FAR of ${far} on ${pairs} impostor pairs, drawn from a gallery that has more`,
    `at least ${required}, of which one weighs no more than that`,
    `ask for ${(1 / pairs).toPrecision(1)} or more, give the threshold, or raise mostPairs.`,
  );
}

/** How many rows may be compared with all others. */
function mostFor(mostPairs: number, { labels }: IdentityIndex, isOwn: boolean): number {
  // n·(n − 1)/2 pairs of n rows.
  const most = isOwn
    ? Math.floor((1 + Math.sqrt(1 + 8 * mostPairs)) / 2)
    : Math.floor(mostPairs / labels.length);
  return Math.max(2, most);
}

/** Some of N rows, each as likely as the others, in their order; all where they are not more than wanted. */
function drawnRows(count: number, wanted: number, seed: number | string): Int32Array {
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  if (count <= wanted) return rows;
  const random = createRandom(seed).fork('impostor threshold');
  for (let i = 0; i < wanted; i++) {
    const j = random.integer(i, count);
    [rows[i], rows[j]] = [rows[j]!, rows[i]!];
  }
  return rows.slice(0, wanted).sort();
}

function someRows(
  { rows, dim, inverseLengths, identities, labels }: IdentityIndex,
  wanted: Int32Array,
): IdentityIndex {
  const some = new Float32Array(wanted.length * dim);
  for (const [at, row] of wanted.entries()) some.set(rows.subarray(row * dim, (row + 1) * dim), at * dim);
  return {
    rows: some,
    dim,
    inverseLengths: Float64Array.from(wanted, (row) => inverseLengths[row]!),
    identities,
    labels: Int32Array.from(wanted, (row) => labels[row]!),
  };
}

/**
 * Counts the scores of pairs of two identities by steps, tile by tile; of a gallery with itself every pair once.
 *
 * @returns how many pairs there are
 */
function countScores(
  gallery: IdentityIndex,
  probes: IdentityIndex,
  isOwn: boolean,
  counts: Uint32Array,
): number {
  const { rows, dim, inverseLengths, labels } = gallery;
  const own = isOwn ? labels : labelsIn(gallery, probes);
  const products = new Float64Array(PROBES_AT_ONCE);
  let pairs = 0;
  const tile = Math.max(16, Math.floor(TILE / dim));
  for (let first = 0; first < labels.length; first += tile) {
    const last = Math.min(labels.length, first + tile);
    for (let from = 0; from < (isOwn ? last : own.length); from += PROBES_AT_ONCE) {
      const to = Math.min(own.length, from + PROBES_AT_ONCE);
      const four = interleaved(probes.rows, probes.inverseLengths, [from, to], dim);
      for (let row = first; row < last; row++) {
        fourProducts(rows, row * dim, dim, four, products);
        const end = isOwn ? Math.min(to, row) : to;
        for (let other = from; other < end; other++) {
          if (own[other] === labels[row]) continue;
          const score = toCosine(products[other - from]! * inverseLengths[row]!);
          counts[Math.floor(((score + 1) * STEPS) / 2)]! += 1;
          pairs++;
        }
      }
    }
  }
  return pairs;
}

/** The identities of rows, as positions among the names of another gallery; −1 for who is not in it. */
function labelsIn({ identities }: IdentityIndex, { identities: names, labels }: IdentityIndex): Int32Array {
  const known = new Map(identities.map((name, label) => [name, label]));
  return labels.map((label) => known.get(names[label]!) ?? -1);
}
