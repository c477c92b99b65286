import { meanOf } from '@cf/core';
import type { StepMetrics } from '@cf/training';

/** Above this share hardly any sample counts. */
const HARDLY_ANY = 0.9;

/**
 * A sentence about the samples that a weighting leaves out, over the last epoch; a warning where hardly any counts.
 * Undefined for losses that leave none out.
 */
export function leftOutByWeighting(metrics: readonly StepMetrics[]): string | undefined {
  const last = metrics.at(-1)?.epoch;
  const shares = metrics.flatMap(({ epoch, leftOutShare }) =>
    epoch === last && leftOutShare != null ? [leftOutShare] : [],
  );
  if (shares.length === 0) return undefined;
  const share = meanOf(shares);
  const told = `${(100 * share).toFixed(1)} % of the samples were left out by the weighting in the last epoch`;
  if (share <= HARDLY_ANY) return told;
  return `warning: ${told}: hardly any sample counts, and little is learned; give --weighting-option pace=… a larger value, or leave it out`;
}
