import { type Domain, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
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
  /** Whether it has a meaning on cosines only: no inner product is put into it. */
  readonly onSphere: boolean;
  negative<T, M>(ops: TensorOps<T, M>, cos: T, pivot: T, sample: SampleValues<T>): NegativeValue<T>;
  /**
   * Whether a hard negative is emphasised: weighs more than it would without the modulation. Left out, it is where its logit
   * is raised, N > cos θ_j.
   */
  emphasised?<T, M>(ops: TensorOps<T, M>, cos: T, pivot: T, sample: SampleValues<T>): M;
}

/** N = c: negatives as they are. */
export const plainModulation: Modulation = {
  name: 'plain',
  onSphere: false,
  negative: (ops, cos) => ({ value: cos, dCos: ops.constant(1) }),
};

/** I(t, c) = t + c (Huang et al. 2020, eq. 5). */
function curricularWeight<T, M>(ops: TensorOps<T, M>, t: T, cos: T): T {
  return ops.add(t, cos);
}

/**
 * CurricularFace's modulation (Huang et al. 2020, eqs. 3, 5 and 8): a hard negative becomes I·c with I = t + c, and slope
 * M = t + 2c; an easy one stays c. A hard one is emphasised where I > 1: of a negative cosine a smaller I raises the logit,
 * too, and weakens it all the same. t is read from the sample value `t`.
 */
export const curricularModulation: Modulation = {
  name: 'curricular',
  onSphere: true,
  negative: (ops, cos, pivot, sample) => {
    const hard = hardMask(ops, cos, pivot);
    const t = sample.t!;
    return {
      value: ops.select(hard, ops.mul(cos, curricularWeight(ops, t, cos)), cos),
      dCos: ops.select(hard, ops.add(t, ops.mul(ops.constant(2), cos)), ops.constant(1)),
    };
  },
  emphasised: (ops, cos, _pivot, { t }) => ops.greater(curricularWeight(ops, t!, cos), ops.constant(1)),
};

const HARD_WEIGHT: Domain = { published: { low: 1, high: Number.POSITIVE_INFINITY } };

/**
 * Modulation of MV-Softmax (Wang et al. 2020, eq. 6): a hard negative becomes t·c + t − 1, with slope t. It is emphasised
 * where its weight h = e^{s(t − 1)(c + 1)} > 1, which is where its logit is raised.
 *
 * @param t fixed weight of hard negatives, t ≥ 1; 1 changes nothing, more emphasises them. Unsafe any finite t: less than
 * 1 weakens them.
 * @throws OptionOutOfRangeError
 */
export function misclassifiedVectorModulation(t: number, options: UnsafeOption = {}): Modulation {
  requirePublished('t', t, HARD_WEIGHT, options);
  return {
    name: 'misclassified-vector',
    onSphere: true,
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
