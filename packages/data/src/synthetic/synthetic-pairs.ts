import { type OptionNames, OptionOutOfRangeError, requireKnownOptions } from '@cf/core';
import { checkInteger } from '../checks.ts';
import type { Pair, PairList } from '../lfw/pairs.ts';
import { identityPairs, type PairedImage } from '../pairs/identity-pairs.ts';
import { syntheticName } from './synthetic-faces.ts';

/** Which drawn people to pair. */
export interface SyntheticPairOptions {
  readonly seed: number | string;
  /** The people to take, `from` included and `to` excluded; keep them out of training. */
  readonly identities: { readonly from: number; readonly to: number };
  readonly imagesPerIdentity: number;
  /** All pairs together; half of them show one person. A multiple of 2 · folds. */
  readonly pairs: number;
  /** 10 by default. */
  readonly folds?: number;
}

const OPTIONS: OptionNames<SyntheticPairOptions> = {
  seed: true,
  identities: true,
  imagesPerIdentity: true,
  pairs: true,
  folds: true,
};

/** A picture of a drawn person; both indices count from 0. */
export interface SyntheticImage {
  readonly identityIndex: number;
  readonly imageIndex: number;
}

/** A pair of drawn pictures; `name` and `index` are what a folder written by {@link writeSyntheticFolder} calls them. */
export interface SyntheticPair extends Pair {
  readonly a: Pair['a'] & SyntheticImage;
  readonly b: Pair['b'] & SyntheticImage;
}

/** Pairs in the order of LFW's view 2; {@link formatPairs} writes them as such a file. */
export interface SyntheticPairList extends PairList {
  readonly pairs: readonly SyntheticPair[];
}

/**
 * Draws verification pairs, half of them of one person, none twice.
 *
 * As in LFW the folds share no person, so that a threshold chosen on nine is tested on strangers.
 *
 * @throws OptionOutOfRangeError when the people are too few for that many different pairs.
 */
export function syntheticPairs(options: SyntheticPairOptions): SyntheticPairList {
  requireKnownOptions('syntheticPairs', options, OPTIONS);
  const { seed, identities, imagesPerIdentity, pairs, folds = 10 } = options;
  checkInteger('folds', folds, 1);
  checkInteger('identities.from', identities.from, 0);
  checkInteger('identities.to', identities.to, identities.from + 2 * folds);
  checkInteger('imagesPerIdentity', imagesPerIdentity, 2);
  checkInteger('pairs', pairs, 1);
  if (pairs % (2 * folds) !== 0) {
    const expected = `a multiple of ${2 * folds}, twice the number of folds`;
    throw new OptionOutOfRangeError(
      'pairs',
      pairs,
      expected,
      'as many pairs of each kind belong in every fold.',
    );
  }
  const counts = new Array<number>(identities.to - identities.from).fill(imagesPerIdentity);
  const drawn = identityPairs({ counts, seed, folds, mostPairs: pairs });
  if (drawn.length < pairs) {
    throw new OptionOutOfRangeError(
      'pairs',
      pairs,
      `at most ${drawn.length} from ${counts.length} people with ${imagesPerIdentity} pictures each`,
      'add people or pictures, or ask for fewer pairs.',
    );
  }
  const named = ({ identity, image }: PairedImage): SyntheticPair['a'] => {
    const identityIndex = identities.from + identity;
    return { identityIndex, imageIndex: image, name: syntheticName(identityIndex), index: image + 1 };
  };
  const list = drawn.map(({ fold, same, a, b }, n) => ({
    fold,
    same,
    a: named(a),
    b: named(b),
    line: n + 2,
  }));
  return { source: 'synthetic pairs', folds, pairs: list };
}
