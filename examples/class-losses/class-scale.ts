import { ema, type LossParameters, type MarginLoss, marginLoss } from '@cf/core';

/** Options, and what each is given as: `cf train --loss` checks them. */
export const options = { alpha: 'number' } as const;

/**
 * Softmax on s_y·cos θ with a scale of each class, as AdaCos (Zhang et al. 2019, eq. 15) has one of the batch:
 *
 *     r_c ← α·mean of cos θ_y over the samples of c + (1 − α)·r_c,   s_c = ln(C − 1)/cos(min(π/4, arccos r_c))
 *
 * Every class starts at r = 0, AdaCos's fixed scale √2·ln(C − 1), and softens as its samples come near their center. A class
 * without a sample in the batch keeps its r. r carries no gradient, and does not move in evaluation.
 */
export default function classScale({ alpha = 0.1 }: LossParameters = {}): MarginLoss {
  return marginLoss({
    name: 'class-scale',
    // One number a class, kept from step to step and in every checkpoint.
    initialClassValues: { r: 0 },
    stateRanges: { r: [-1, 1] },
    prepare: (ops, { cosTarget, labels, ofClass, classes }, _state, mode) => {
      const ofSameClass = ops.sumOfClass(ops.constant(1), labels);
      const mean = ops.div(ops.sumOfClass(cosTarget, labels), ofSameClass);
      const moved = ema(ops, ofClass.r!, mean, ops.constant(alpha as number));
      const r = mode === 'train' ? moved : ofClass.r!;
      const others = ops.sub(ops.max(classes, ops.constant(3)), ops.constant(1));
      const scale = ops.div(ops.log(others), ops.max(r, ops.constant(Math.SQRT1_2)));
      return { sampleValues: {}, next: {}, nextOfClass: { r }, scale };
    },
  });
}
