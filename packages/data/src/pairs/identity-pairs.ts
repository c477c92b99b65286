import {
  createRandom,
  type OptionNames,
  OptionOutOfRangeError,
  type Random,
  requireKnownOptions,
} from '@cf/core';
import { checkInteger } from '../checks.ts';

/** Which identities to pair, and how many pairs to draw. */
export interface IdentityPairOptions {
  /** Pictures of each identity; keep these identities out of training. */
  readonly counts: readonly number[];
  readonly seed: number | string;
  /** 10 by default; fewer where there are fewer than twice as many identities. */
  readonly folds?: number;
  /** Pairs of both kinds together, at most; fewer where the pictures allow no more. 6000 by default. */
  readonly mostPairs?: number;
}

const OPTIONS: OptionNames<IdentityPairOptions> = { counts: true, seed: true, folds: true, mostPairs: true };

/** A picture of an identity; both count from 0. */
export interface PairedImage {
  readonly identity: number;
  readonly image: number;
}

/** Two pictures and whether they show one person. */
export interface IdentityPair {
  /** From 0. */
  readonly fold: number;
  readonly same: boolean;
  readonly a: PairedImage;
  readonly b: PairedImage;
}

/**
 * Draws verification pairs among identities with any numbers of pictures: as many genuine as impostor pairs in every
 * fold, no pair twice, no identity in two folds (as in LFW's view 2).
 *
 * @throws OptionOutOfRangeError with fewer than two identities, or none with two pictures
 */
export function identityPairs(options: IdentityPairOptions): readonly IdentityPair[] {
  requireKnownOptions('identityPairs', options, OPTIONS);
  const { counts, seed, mostPairs = 6000 } = options;
  checkInteger('counts.length', counts.length, 2);
  checkInteger('mostPairs', mostPairs, 2);
  const folds = Math.min(options.folds ?? 10, Math.max(1, Math.floor(counts.length / 2)));
  checkInteger('folds', folds, 1);
  const random = createRandom(seed).fork('identity pairs');
  const people = random.shuffle(Array.from(counts, (_, identity) => identity));
  const pairs: IdentityPair[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const own = people.filter((_, n) => n % folds === fold);
    const draws = random.fork(fold);
    const genuine = draws.shuffle(genuinePairs(own, counts)).slice(0, Math.floor(mostPairs / (2 * folds)));
    const impostor = impostorPairs(own, counts, genuine.length, draws);
    for (const [a, b] of genuine.slice(0, impostor.length)) pairs.push({ fold, same: true, a, b });
    for (const [a, b] of impostor) pairs.push({ fold, same: false, a, b });
  }
  if (pairs.length > 0) return pairs;
  throw new OptionOutOfRangeError(
    'counts',
    `${counts.length} identities, none with two pictures beside another`,
    'at least two identities, one of them with two pictures',
    'add pictures.',
  );
}

type ImagePair = [PairedImage, PairedImage];

function genuinePairs(people: readonly number[], counts: readonly number[]): ImagePair[] {
  const pairs: ImagePair[] = [];
  for (const identity of people) {
    for (let a = 0; a < counts[identity]!; a++) {
      for (let b = a + 1; b < counts[identity]!; b++)
        pairs.push([
          { identity, image: a },
          { identity, image: b },
        ]);
    }
  }
  return pairs;
}

function impostorPairs(
  people: readonly number[],
  counts: readonly number[],
  wanted: number,
  random: Random,
): ImagePair[] {
  const images = people.flatMap((identity) =>
    Array.from({ length: counts[identity]! }, (_, image) => ({ identity, image })),
  );
  const drawn = new Map<string, ImagePair>();
  // With two people or more at least half of all tries hit; the bound only stops where all pairs are used up.
  for (let tries = 0; drawn.size < wanted && tries < 50 * wanted; tries++) {
    const a = random.pick(images);
    const b = random.pick(images);
    if (a.identity === b.identity) continue;
    const key = [a, b]
      .map(({ identity, image }) => `${identity}/${image}`)
      .sort()
      .join(' ');
    if (!drawn.has(key)) drawn.set(key, [a, b]);
  }
  return [...drawn.values()];
}
