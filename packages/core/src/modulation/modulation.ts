import { requirePositive } from '../errors/check-options.ts';
import type { SampleValues } from '../margin/target-margin.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import { hardMask } from './hard-mask.ts';

/** N of one negative, before scaling, and its slope. */
export interface NegativeValue<T> {
  /** N(t, cos θ_j). */
  readonly value: T;
  /** ∂N/∂cos θ_j. */
  readonly dCos: T;
}

/** What a loss does with the negatives: the only formula of size B × C. */
export interface Modulation {
  readonly name: string;
  negative<T, M>(ops: TensorOps<T, M>, cos: T, pivot: T, sample: SampleValues<T>): NegativeValue<T>;
}

/** N = c: negatives as they are. */
export const plainModulation: Modulation = {
  name: 'plain',
  negative: (ops, cos) => ({ value: cos, dCos: ops.constant(1) }),
};

/**
 * CurricularFace's modulation (Huang et al. 2020, eqs. 3, 5 and 8): a hard negative becomes c·(t + c), with slope
 * M = t + 2c; an easy one stays c. t is read from the sample value `t`.
 */
export const curricularModulation: Modulation = {
  name: 'curricular',
  negative: (ops, cos, pivot, sample) => {
    const hard = hardMask(ops, cos, pivot);
    const t = sample.t!;
    return {
      value: ops.select(hard, ops.mul(cos, ops.add(t, cos)), cos),
      dCos: ops.select(hard, ops.add(t, ops.mul(ops.constant(2), cos)), ops.constant(1)),
    };
  },
};

/**
 * Modulation of MV-Softmax (Wang et al. 2020, eq. 6): a hard negative becomes t·c + t − 1, with slope t.
 *
 * @param t fixed weight of hard negatives, > 0; 1 changes nothing, more emphasises them.
 * @throws OptionOutOfRangeError
 */
export function misclassifiedVectorModulation(t: number): Modulation {
  requirePositive('t', t);
  return {
    name: 'misclassified-vector',
    negative: (ops, cos, pivot) => {
      const hard = hardMask(ops, cos, pivot);
      const weight = ops.constant(t, 't');
      const raised = ops.add(ops.mul(weight, cos), ops.constant(t - 1, 't - 1'));
      return {
        value: ops.select(hard, raised, cos),
        dCos: ops.select(hard, weight, ops.constant(1)),
      };
    },
  };
}
