import { shareOf } from '@cf/training';
import { UsageError } from '../errors.ts';
import type { NetworkTraining } from '../settings/train-config.ts';

/** Pictures of each micro-batch of a step, for each rank. */
export function cutsOf(step: number, batch: number, size: number): readonly (readonly number[])[] {
  return Array.from({ length: size }, (_, rank) => {
    const { from, to } = shareOf(step, { rank, size });
    const most = Math.ceil(batch / size);
    return Array.from({ length: Math.ceil((to - from) / most) }, (__, k) =>
      Math.min(most, to - from - k * most),
    );
  });
}

/**
 * That every rank has pictures enough in every micro-batch, and where normalisations see those of all, that all ranks have as many
 * micro-batches.
 *
 * @param images to train on
 * @param smallest samples that a micro-batch has at least
 * @throws UsageError
 */
export function requireRankBatches(
  {
    batch,
    accumulate,
    lastBatch,
    syncBn,
  }: Pick<NetworkTraining, 'batch' | 'accumulate' | 'lastBatch' | 'syncBn'>,
  { images, smallest, size }: { readonly images: number; readonly smallest: number; readonly size: number },
): void {
  if (size === 1) return;
  const whole = Math.min(images, batch * accumulate);
  const left = lastBatch === 'keep' && images > whole ? images % whole : 0;
  for (const step of left > 0 ? [whole, left] : [whole]) {
    const cuts = cutsOf(step, batch, size);
    const least = Math.min(...cuts.map((own) => Math.min(...own, own.length === 0 ? 0 : own[0]!)));
    const fix = 'choose another --batch, --accumulate, --last-batch or number of ranks.';
    const given = `a step of ${step} pictures on ${size} ranks, in batches of ${batch}`;
    if (least < Math.max(1, smallest))
      throw new UsageError(
        `${given}, the smallest of a rank ${least}`,
        `at least ${Math.max(1, smallest)}`,
        fix,
      );
    const counts = new Set(cuts.map(({ length }) => length));
    if (syncBn && counts.size > 1)
      throw new UsageError(
        `--sync-bn and ${given}: ${[...counts].join(' or ')} of a rank`,
        'as many batches on each rank',
        fix,
      );
  }
}
