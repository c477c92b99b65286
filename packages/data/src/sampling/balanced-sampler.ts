import { createRandom, type OptionNames, requireInteger, requireKnownOptions, type Sampler } from '@cf/core';
import { balancedBatches, Deck, membersByLabel } from './balanced-batches.ts';

const BALANCED: OptionNames<BalancedSamplerOptions> = { labels: true, size: true, seed: true };

/** What {@link balancedSampler} is made of. */
export interface BalancedSamplerOptions {
  /** The identity of each sample, integers ≥ 0, as numbers or bigint: `[N]`. */
  readonly labels: ArrayLike<number | bigint>;
  /** Samples a step. */
  readonly size: number;
  readonly seed: number | string;
}

/**
 * Every identity equally often to within one, however many pictures it has, and of its pictures each equally often. An
 * epoch is as many full steps as a uniform one has.
 *
 * @throws OptionOutOfRangeError for a label or a size out of range.
 */
export function balancedSampler(options: BalancedSamplerOptions): Sampler {
  requireKnownOptions('balancedSampler', options, BALANCED);
  const { labels, size, seed } = options;
  requireInteger('size', size, 1, Number.MAX_SAFE_INTEGER);
  const members = membersByLabel(labels);
  const steps = Math.max(1, Math.floor(labels.length / size));
  return {
    steps,
    leftOut: 0,
    batches(epoch) {
      const random = createRandom(seed).fork('class-balanced').fork(epoch);
      const identities = new Deck(members.keys(), random.fork('identities'));
      const images = members.map((samples, identity) => new Deck(samples, random.fork(identity)));
      return Array.from({ length: steps }, () =>
        Uint32Array.from(identities.draw(size), (identity) => images[identity]!.draw(1)[0]!),
      );
    },
  };
}

const OF_IDENTITIES: OptionNames<IdentitySamplerOptions> = {
  labels: true,
  identities: true,
  images: true,
  accumulate: true,
  seed: true,
};

/** What {@link identitySampler} is made of. */
export interface IdentitySamplerOptions {
  /** The identity of each sample, integers ≥ 0, as numbers or bigint: `[N]`. */
  readonly labels: ArrayLike<number | bigint>;
  /** P: different identities in a batch. */
  readonly identities: number;
  /** K: pictures of each of them. */
  readonly images: number;
  /** Batches a step; 1 by default. */
  readonly accumulate?: number;
  readonly seed: number | string;
}

/**
 * Batches of P identities × K pictures ({@link balancedBatches}), one or more a step. An epoch is as many full steps as a
 * uniform one has.
 *
 * @throws OptionOutOfRangeError when there are fewer than P identities.
 */
export function identitySampler(options: IdentitySamplerOptions): Sampler {
  requireKnownOptions('identitySampler', options, OF_IDENTITIES);
  const { labels, identities, images, accumulate = 1, seed } = options;
  const size = identities * images * accumulate;
  requireInteger('P·K·accumulate', size, 1, Number.MAX_SAFE_INTEGER);
  const steps = Math.max(1, Math.floor(labels.length / size));
  const batchesOf = (epoch: number, batches: number): readonly Uint32Array[] =>
    balancedBatches(labels, { identities, images, seed, epoch, batches });
  // What does not fit is told now, not at the first epoch.
  batchesOf(0, 0);
  return {
    steps,
    leftOut: 0,
    batches(epoch) {
      const batches = batchesOf(epoch, steps * accumulate);
      return Array.from({ length: steps }, (_, step) =>
        Uint32Array.from(batches.slice(step * accumulate, (step + 1) * accumulate).flatMap((b) => [...b])),
      );
    },
  };
}
