import { requireInteger } from '../errors/check-options.ts';
import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import { createRandom } from './random.ts';

/** What all epoch samplers may be told. */
export interface BatchOptions {
  /** True leaves out the last batch where it is smaller than the others; false, the default, keeps it. */
  readonly dropLast?: boolean;
}

const OPTIONS: OptionNames<BatchOptions> = { dropLast: true };

/**
 * Divides the samples 0 … count − 1 into random batches, each sample once.
 *
 * @param epoch - from 0; the same seed and epoch give the same batches, so that a run can be resumed.
 * @returns batches of sample indices; the last one may be smaller.
 * @throws OptionOutOfRangeError for a negative count or epoch, or a batch size under 1.
 */
export function shuffledBatches(
  count: number,
  batchSize: number,
  seed: number | string,
  epoch: number,
  options: BatchOptions = {},
): readonly Uint32Array[] {
  requireKnownOptions('shuffledBatches', options, OPTIONS);
  requireInteger('count', count, 0, 2 ** 32);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  return cutBatches(shuffleForEpoch(order, seed, epoch), batchSize, options);
}

/** Shuffles in place by a stream that belongs to this seed and epoch. */
export function shuffleForEpoch(order: Uint32Array, seed: number | string, epoch: number): Uint32Array {
  requireInteger('epoch', epoch, 0, Number.MAX_SAFE_INTEGER);
  return createRandom(seed).fork('batches').fork(epoch).shuffle(order);
}

/** Cuts an order into batches. */
export function cutBatches(
  order: Uint32Array,
  batchSize: number,
  options: BatchOptions,
): readonly Uint32Array[] {
  requireKnownOptions('cutBatches', options, OPTIONS);
  requireInteger('batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER);
  const batches: Uint32Array[] = [];
  for (let start = 0; start < order.length; start += batchSize) {
    const batch = order.subarray(start, start + batchSize);
    if (batch.length === batchSize || options.dropLast !== true) batches.push(batch);
  }
  return batches;
}
