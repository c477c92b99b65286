import { negativeLogLikelihood } from '../head/phases/formulas/negative-log-likelihood.ts';
import type { SoftmaxObjective } from './objective.ts';

/**
 * ℓ = (1 − ε)·(−log p_y) + (ε/C)·Σ_j (−log p_j), over all C classes (Szegedy et al. 2016, section 7): the cross-entropy
 * with a target that is spread.
 *
 *     ℓ = (1 − ε)·ℓ_y + ε·(log Σ_j e^{z_j} − (z_y + Σ_{j≠y} z_j)/C),   ∂ℓ/∂z_j = p_j − ε/C, less 1 − ε where j = y
 *
 * @param epsilon 0 < ε < 1.
 */
export function smoothedSoftmax(epsilon: number): SoftmaxObjective {
  return {
    kind: 'softmax',
    sumNames: ['negatives'],
    labelSmoothing: epsilon,
    sums: ({ value }) => ({ negatives: value }),
    ofSample: (ops, { targetLogit, negatives, sums, logitScale, classes }) => {
      const sample = negativeLogLikelihood(ops, targetLogit, negatives);
      const [one, share] = [ops.constant(1), ops.constant(epsilon, '\\varepsilon')];
      const total = ops.add(targetLogit, ops.mul(logitScale, sums.negatives!));
      const uniform = ops.sub(sample.logSumExp, ops.div(total, classes));
      const rest = ops.sub(one, ops.div(one, classes));
      return {
        ...sample,
        nll: ops.add(ops.mul(ops.sub(one, share), sample.nll), ops.mul(share, uniform)),
        dTarget: ops.sub(ops.mul(share, rest), sample.miss),
      };
    },
  };
}
