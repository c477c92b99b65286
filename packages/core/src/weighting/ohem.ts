import { requireRange } from '../errors/check-options.ts';
import { type OptionTypes, requireOptions } from '../errors/option-types.ts';
import type { SampleWeighting } from './sample-weighting.ts';

export interface OhemOptions {
  /** Share of the batch that is kept, the hardest first, 0 < keepRatio ≤ 1. Default 0.7. */
  readonly keepRatio?: number;
}

export const OHEM_OPTIONS: OptionTypes<OhemOptions> = { keepRatio: 'number' };

/**
 * G = 1 for the ⌊keepRatio·B⌋ samples with the largest loss (at least one), 0 for the rest; the loss is the mean
 * over the kept (online hard example mining, Shrivastava et al. 2016, section 4). The choice carries no gradient;
 * ties are kept in the order of the batch.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export function ohemWeighting(options: OhemOptions = {}): SampleWeighting {
  requireOptions('ohem', options, OHEM_OPTIONS);
  const { keepRatio = 0.7 } = options;
  requireRange('keepRatio', keepRatio, 0, 1, 'exclusive lower bound');
  return {
    name: 'ohem',
    gradient: 'frozen',
    initialValues: {},
    reduce: (ops, { nll, sampleWeights }) => {
      const zero = ops.constant(0);
      const one = ops.constant(1);
      const rank = ops.argsort(ops.argsort(nll, 'descending'), 'ascending');
      const quota = ops.max(ops.mul(ops.constant(keepRatio), ops.count(nll)), one);
      const kept = ops.select(ops.greater(ops.add(rank, one), quota), zero, one);
      const count = ops.sum(kept);
      const weights = ops.mul(kept, sampleWeights);
      const losses = ops.mul(weights, nll);
      return { losses, loss: ops.div(ops.sum(losses), count), dNll: ops.div(weights, count), next: {} };
    },
  };
}
