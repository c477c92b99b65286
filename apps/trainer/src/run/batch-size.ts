import type { LastBatch } from '@cf/core';
import { UsageError } from '../errors.ts';

/**
 * Refuses batches that a normalisation over the batch would turn into nothing: of each channel it would see one value.
 *
 * @param images how many there are to train on
 * @param smallest samples that a batch has at least
 * @throws UsageError
 */
export function requireBatchSize(
  {
    batch,
    accumulate,
    lastBatch = 'drop',
  }: { readonly batch: number; readonly accumulate: number; readonly lastBatch?: LastBatch },
  images: number,
  smallest: number = 1,
): void {
  // A step takes `accumulate` full batches; where there are fewer pictures, all of them, and its last batch may be short.
  const size = batch * accumulate;
  const left = lastBatch === 'keep' && images > size ? images % size : 0;
  const step = left > 0 ? left : Math.min(images, size);
  const last = step % batch === 0 ? Math.min(step, batch) : step % batch;
  if (last >= smallest || images === 0) return;
  const given =
    step < size ? `${images} pictures in batches of ${batch}, the last of ${last}` : `batches of ${batch}`;
  throw new UsageError(
    `${given}, for a network with a normalisation over the batch`,
    `at least ${smallest} pictures in every batch`,
    'choose another --batch or --accumulate: of one value a normalisation leaves nothing, and its gradient is 0. --freeze-bn keeps normalisations of a file as they are.',
  );
}
