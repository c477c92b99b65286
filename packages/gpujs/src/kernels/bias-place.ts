import type { MarginLoss } from '@cf/core';

/** Where a loss's bias stands: in the inner product, x·w + b, or, of a binary objective, beside the scaled logit. */
export function biasPlace({
  bias,
  objective,
}: Pick<MarginLoss, 'bias' | 'objective'>): 'product' | 'logit' | undefined {
  if (bias === undefined) return undefined;
  return objective.kind === 'binary' ? 'logit' : 'product';
}
