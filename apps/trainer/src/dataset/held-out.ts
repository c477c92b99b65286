import { type IdentitySplit, identityPairs, type PairedImage, splitIdentities } from '@cf/data';
import type { PictureCollection, PictureIdentity } from '@cf/data/node';
import { UsageError } from '../errors.ts';
import type { ImageList } from './image-list.ts';
import type { StoredPicture } from './image-source.ts';
import type { VerificationPairs } from './verification-pairs.ts';

/** A share of the identities is held out for evaluation where no pairs are given. */
const HELD_OUT_SHARE = 0.2;
const FOLDS = 10;
const MOST_PAIRS = 2000;

/** A person with pictures, in files or to be drawn. */
export interface Person<Image> {
  readonly name: string;
  readonly files: readonly Image[];
}

type Identities = readonly PictureIdentity[];

/** People to train on, and others to score. */
export interface Split<Image> extends IdentitySplit<Person<Image>> {
  /** Who the others are, in words. */
  readonly what: string;
}

/** As a list says it; else some of the identities are held out. */
export function splitOf(
  { scored, root }: PictureCollection,
  identities: Identities,
  seed: number,
): Split<StoredPicture> {
  if (scored === undefined) {
    return { ...holdOut(identities, seed, root), what: 'identities held out of training' };
  }
  const whole = scored.identities.filter(({ files }) => files.length >= 2).length;
  if (whole === 0 || scored.identities.length < 2) {
    const expected = `at least 2 in the split ${scored.split}, one of them with two pictures, or --pairs`;
    throw tooFew(scored.identities.length, root, expected);
  }
  return {
    train: identities,
    validation: scored.identities,
    what: `identities of the split ${scored.split}`,
  };
}

/** Two parts without a common identity; only identities with two pictures can be held out. */
function holdOut(identities: Identities, seed: number, root: string): IdentitySplit<Person<StoredPicture>> {
  const candidates = identities.filter(({ files }) => files.length >= 2);
  if (identities.length < 4 || candidates.length < 3) {
    const given = candidates.length < 3 && identities.length >= 4 ? candidates.length : identities.length;
    const least = 'at least 4 (2 to train on, 2 with two pictures each held out for scoring)';
    throw tooFew(given, root, `${least}, or --pairs`);
  }
  const count = Math.min(heldOutCount(identities.length), candidates.length - 1);
  const { validation } = splitIdentities(candidates, { validation: count, seed });
  const heldOut = new Set(validation);
  return { train: identities.filter((identity) => !heldOut.has(identity)), validation };
}

/** How many of at least four identities are held out: two at least, for impostor pairs. */
export function heldOutCount(identities: number): number {
  return Math.max(2, Math.round(HELD_OUT_SHARE * identities));
}

/** Pairs of people who are held out, drawn by the seed. */
export function drawPairs<Image>(
  people: readonly Person<Image>[],
  seed: number,
  list: ImageList<Image>,
): VerificationPairs {
  const counts = people.map(({ files }) => files.length);
  const drawn = identityPairs({ counts, seed, folds: FOLDS, mostPairs: MOST_PAIRS });
  const place = ({ identity, image }: PairedImage): number => list.place(people[identity]!.files[image]!);
  const folds = drawn.map(({ fold }) => fold + 1);
  return {
    pairs: drawn.map(({ a, b }) => [place(a), place(b)] as const),
    same: drawn.map(({ same }) => same),
    folds,
    scored: [...new Set(folds)],
    missing: 0,
  };
}

/** Of people that are left. */
export function tooFew(count: number, root: string, expected: string): UsageError {
  return new UsageError(
    `${count} usable ${count === 1 ? 'identity' : 'identities'} in '${root}'`,
    expected,
    'add identities, or loosen --people, --folds and --min-images.',
  );
}
