import { OptionOutOfRangeError } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { type BatchOptions, cut, shuffleForEpoch } from './shuffled-batches.ts';

/** The share of the data, easiest first, that an epoch may see; in (0, 1]. */
export type Pace = (epoch: number) => number;

/**
 * Batches of the classic curriculum: an epoch sees only the easiest part of the data, in random order.
 *
 * @param order - all sample indices, the easiest first, by a difficulty that was measured beforehand.
 * @param pace - the share of `order` that the epoch sees; one sample at least is always seen.
 * @param epoch - from 0; the same seed and epoch give the same batches.
 * @throws OptionOutOfRangeError when the pace is not in (0, 1], or `batchSize` or `epoch` is out of range.
 * @see Bengio et al., Curriculum Learning, ICML 2009.
 */
export function orderedBatches(
  order: ArrayLike<number>,
  batchSize: number,
  seed: number | string,
  epoch: number,
  pace: Pace,
  options: BatchOptions = {},
): readonly Uint32Array[] {
  const share = pace(epoch);
  if (!(share > 0 && share <= 1)) {
    throw new OptionOutOfRangeError(
      `pace(${epoch})`,
      share,
      'a share in (0, 1]',
      'use linearPace() or rootPace().',
    );
  }
  const seen = Math.max(1, Math.round(share * order.length));
  const easiest = Uint32Array.from(order).subarray(0, seen);
  return cut(shuffleForEpoch(easiest, seed, epoch), batchSize, options);
}

/** How the pace grows. */
export interface PaceOptions {
  /** The share in epoch 0, in (0, 1]. */
  readonly start: number;
  /** The first epoch that sees everything. */
  readonly epochs: number;
}

/** A share that grows by the same amount every epoch. */
export function linearPace(options: PaceOptions): Pace {
  return power(options, 1);
}

/**
 * A share whose square grows by the same amount every epoch: fast at first, slower as harder samples come.
 *
 * @see Platanios et al., Competence-based Curriculum Learning, NAACL 2019, equation 7.
 */
export function rootPace(options: PaceOptions): Pace {
  return power(options, 2);
}

function power({ start, epochs }: PaceOptions, exponent: number): Pace {
  if (!(start > 0 && start <= 1)) {
    throw new OptionOutOfRangeError('start', start, 'a share in (0, 1]', 'begin with 0.2, for example.');
  }
  checkInteger('epochs', epochs, 0);
  return (epoch) => {
    if (epoch >= epochs) return 1;
    const from = start ** exponent;
    return Math.min(1, (from + ((1 - from) * epoch) / epochs) ** (1 / exponent));
  };
}
