import type { Sampler } from '@cf/core';
import type { TrainConfig } from './train-config.ts';

/** A picture left out of twenty is worth a word on how to keep it. */
const WORTH_A_FIX = 0.05;

/** What an epoch leaves out, and a batch size that leaves out little: undefined where nothing is left out. */
export function leftOutOfEpoch(
  { batch, accumulate }: Pick<TrainConfig, 'batch' | 'accumulate'>,
  count: number,
  { steps, leftOut }: Pick<Sampler, 'steps' | 'leftOut'>,
): string | undefined {
  if (leftOut === 0) return undefined;
  const epoch = `an epoch is ${steps} step${steps === 1 ? '' : 's'} of ${batch * accumulate} pictures: ${leftOut} of ${count} are left out of it, others each time`;
  if (leftOut < WORTH_A_FIX * count) return epoch;
  const fitting = fittingBatch(count, batch, accumulate);
  const say =
    fitting === undefined
      ? ''
      : `--batch ${fitting} leaves out ${count % (fitting * accumulate) || 'none'}, `;
  return `${epoch}; ${say}--last-batch keep trains on all`;
}

/** The largest batch not above the given one, nor under half of it, that leaves out the least. */
function fittingBatch(count: number, batch: number, accumulate: number): number | undefined {
  let best: number | undefined;
  for (let size = batch; size >= Math.max(1, batch / 2); size--) {
    if (size * accumulate > count) continue;
    if (best === undefined || count % (size * accumulate) < count % (best * accumulate)) best = size;
  }
  return best === batch ? undefined : best;
}
