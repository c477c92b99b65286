import {
  type BatchOptions,
  type CurriculumPace,
  curriculumSubset,
  cutBatches,
  shuffleForEpoch,
} from '@cf/core';

/**
 * Batches of the classic curriculum: an epoch sees only the easiest part of the data, in random order.
 *
 * @param order - all sample indices, the easiest first, as `curriculumOrder` of @cf/core gives them.
 * @param epoch - from 0; the same seed and epoch give the same batches.
 * @param pace - how the share in use grows; its `growSteps` counts epochs here.
 * @throws OptionOutOfRangeError when the pace, `batchSize` or `epoch` is out of range.
 * @see Bengio et al., Curriculum Learning, ICML 2009.
 */
export function orderedBatches(
  order: ArrayLike<number>,
  batchSize: number,
  seed: number | string,
  epoch: number,
  pace: CurriculumPace,
  options: BatchOptions = {},
): readonly Uint32Array[] {
  const easiest = Uint32Array.from(curriculumSubset(Int32Array.from(order), epoch, pace));
  return cutBatches(shuffleForEpoch(easiest, seed, epoch), batchSize, options);
}
