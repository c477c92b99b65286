import {
  createRandom,
  type OptionNames,
  OptionOutOfRangeError,
  type Random,
  requireKnownOptions,
} from '@cf/core';
import { checkInteger } from '../checks.ts';

/** How {@link balancedBatches} draws. */
export interface BalancedBatchOptions {
  /** P: different identities in a batch. */
  readonly identities: number;
  /** K: pictures of each of them. */
  readonly images: number;
  readonly seed: number | string;
  /** From 0; the same seed and epoch give the same batches. */
  readonly epoch: number;
  /** Batches an epoch; by default as many as show P·K·batches ≥ all samples. */
  readonly batches?: number;
}

const OPTIONS: OptionNames<BalancedBatchOptions> = {
  identities: true,
  images: true,
  seed: true,
  epoch: true,
  batches: true,
};

/**
 * Draws batches of P identities × K pictures, whatever the identities' sizes.
 *
 * Over an epoch the identities are drawn equally often, and an identity's pictures equally often, each to
 * within one: both come from decks that are shuffled anew when they run out. Within a batch an identity comes
 * once, and a picture comes twice only if its identity has fewer than K.
 *
 * @param labels - the identity of each sample, integers ≥ 0, as numbers or bigint.
 * @returns batches of P·K sample indices, an identity's K pictures side by side.
 * @throws OptionOutOfRangeError when there are fewer than P identities.
 */
export function balancedBatches(
  labels: ArrayLike<number | bigint>,
  options: BalancedBatchOptions,
): readonly Uint32Array[] {
  requireKnownOptions('balancedBatches', options, OPTIONS);
  const { identities: P, images: K, seed, epoch } = options;
  checkInteger('identities', P, 1);
  checkInteger('images', K, 1);
  checkInteger('epoch', epoch, 0);
  const members = membersByLabel(labels);
  if (members.length < P) {
    const expected = `at most ${members.length}, the number of identities that have a sample`;
    throw new OptionOutOfRangeError('identities', P, expected, 'lower P, or add identities.');
  }
  const batches = options.batches ?? Math.ceil(labels.length / (P * K));
  checkInteger('batches', batches, 0);

  const random = createRandom(seed).fork('balanced').fork(epoch);
  const identityDeck = new Deck(members.keys(), random.fork('identities'));
  const imageDecks = members.map((samples, identity) => new Deck(samples, random.fork(identity)));
  return Array.from({ length: batches }, () =>
    Uint32Array.from(identityDeck.draw(P).flatMap((identity) => imageDecks[identity]!.draw(K))),
  );
}

/** Sample indices of each identity that has any, identities in the order of their labels. */
export function membersByLabel(labels: ArrayLike<number | bigint>): number[][] {
  const members = new Map<number, number[]>();
  for (let sample = 0; sample < labels.length; sample++) {
    const label = identityNumber(labels[sample], sample);
    const samples = members.get(label);
    if (samples === undefined) members.set(label, [sample]);
    else samples.push(sample);
  }
  return [...members].sort(([a], [b]) => a - b).map(([, samples]) => samples);
}

function identityNumber(given: unknown, sample: number): number {
  const label = typeof given === 'bigint' ? Number(given) : given;
  if (typeof label === 'number' && Number.isSafeInteger(label) && label >= 0) return label;
  const fix = `number the ${typeof given === 'string' ? 'names' : 'identities'} with buildLabelMap().`;
  throw new OptionOutOfRangeError(`labels[${sample}]`, given, 'an integer ≥ 0', fix);
}

/** Cards that are dealt in random order and shuffled anew when none is left. */
export class Deck {
  readonly #cards: readonly number[];
  readonly #random: Random;
  #left: number[] = [];

  constructor(cards: Iterable<number>, random: Random) {
    this.#cards = [...cards];
    this.#random = random;
  }

  /** Deals `count` cards, none twice while the deck is large enough. */
  draw(count: number): number[] {
    const hand: number[] = [];
    while (hand.length < count) {
      if (this.#left.length === 0) this.#refill(hand);
      hand.push(this.#left.pop()!);
    }
    return hand;
  }

  /** Cards already in the hand go to the bottom, so that they come last. */
  #refill(hand: readonly number[]): void {
    const shuffled = this.#random.shuffle([...this.#cards]);
    const inHand = new Set(hand.length < this.#cards.length ? hand : []);
    this.#left = [
      ...shuffled.filter((card) => inHand.has(card)),
      ...shuffled.filter((card) => !inHand.has(card)),
    ];
  }
}
