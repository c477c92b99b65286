import { negativeLogLikelihood } from '../head/phases/formulas/negative-log-likelihood.ts';
import type { SoftmaxObjective } from './objective.ts';

/** ℓ = −log p: the cross-entropy. */
export const softmaxObjective: SoftmaxObjective = {
  kind: 'softmax',
  sumNames: [],
  labelSmoothing: 0,
  sums: () => ({}),
  ofSample: (ops, { targetLogit, negatives }) => {
    const sample = negativeLogLikelihood(ops, targetLogit, negatives);
    return { ...sample, dTarget: ops.neg(sample.miss) };
  },
};
