import { OptionOutOfRangeError } from '@cf/core';
import { checkInteger } from '../checks.ts';
import type { Pair, PairList } from '../lfw/pairs.ts';
import { createRandom, type Random } from '../random/random.ts';
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
  const random = createRandom(seed).fork('pairs');
  const { from, to } = identities;
  const people = random.shuffle(Array.from({ length: to - from }, (_, n) => from + n));
  const list: SyntheticPair[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const own = people.filter((_, n) => n % folds === fold);
    const draw = new PairDraw(own, imagesPerIdentity, random.fork(fold));
    for (const same of [true, false]) {
      draw.check(same, pairs / (2 * folds));
      for (let n = 0; n < pairs / (2 * folds); n++) {
        const [a, b] = draw.next(same);
        list.push({ fold, same, a: named(a), b: named(b), line: list.length + 2 });
      }
    }
  }
  return { source: 'synthetic pairs', folds, pairs: list };
}

function named(image: SyntheticImage): SyntheticPair['a'] {
  return { ...image, name: syntheticName(image.identityIndex), index: image.imageIndex + 1 };
}

/** Draws different pairs among a few people, each person and picture about equally often. */
class PairDraw {
  readonly #people: readonly number[];
  readonly #images: number;
  readonly #random: Random;
  readonly #drawn = new Set<string>();

  constructor(people: readonly number[], images: number, random: Random) {
    this.#people = people;
    this.#images = images;
    this.#random = random;
  }

  /** Rejection stays quick while no more than half of all possible pairs are asked for. */
  check(same: boolean, count: number): void {
    const people = this.#people.length;
    const possible = same
      ? (people * this.#images * (this.#images - 1)) / 2
      : ((people * (people - 1)) / 2) * this.#images ** 2;
    if (count <= possible / 2) return;
    const kind = same ? 'of one person' : 'of two people';
    throw new OptionOutOfRangeError(
      'pairs',
      `${count} ${kind} a fold`,
      `at most ${Math.floor(possible / 2)}, half of what ${people} people a fold allow`,
      'add people or pictures, or ask for fewer pairs.',
    );
  }

  next(same: boolean): [SyntheticImage, SyntheticImage] {
    for (;;) {
      const a = this.#image(this.#random.pick(this.#people));
      const b = this.#image(same ? a.identityIndex : this.#random.pick(this.#people));
      if (!same && a.identityIndex === b.identityIndex) continue;
      if (same && a.imageIndex === b.imageIndex) continue;
      const key = [a, b]
        .map((image) => `${image.identityIndex}/${image.imageIndex}`)
        .sort()
        .join(' ');
      if (this.#drawn.has(key)) continue;
      this.#drawn.add(key);
      return [a, b];
    }
  }

  #image(identityIndex: number): SyntheticImage {
    return { identityIndex, imageIndex: this.#random.integer(0, this.#images) };
  }
}
