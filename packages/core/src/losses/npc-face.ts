import { requireAngle } from '../errors/check-options.ts';
import { NON_NEGATIVE, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import { angleParts, angleSum, constantAngle } from '../margin/add-angle.ts';
import { never } from '../margin/never.ts';
import type { TargetMargin } from '../margin/target-margin.ts';
import { hardMask } from '../modulation/hard-mask.ts';
import type { Modulation } from '../modulation/modulation.ts';
import { named } from '../ops/tensor-ops.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { NegativeSums } from './margin-loss.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface NpcFaceOptions extends ScaleOptions, UnsafeOption {
  /** m in radians, 0 ≤ m < π; unsafe −π < m < π: a negative is hard where cos θ_j > cos(θ_y + m). Default 0.5. */
  readonly margin?: number;
  /** m₀ in radians, 0 ≤ m₀ < π: the margin without hard negatives; unsafe −π < m₀ < π. Default 0.4. */
  readonly m0?: number;
  /** m₁ ≥ 0, radians a mean cosine of the hard negatives; unsafe any finite m₁. Default 0.2. */
  readonly m1?: number;
  /** t ≥ 0: a hard negative becomes t·cos θ_j + a; unsafe any finite t. Default 1.1. */
  readonly t?: number;
  /** a ≥ 0; unsafe any finite a. Default 0.2. */
  readonly a?: number;
}

/**
 * NPCFace (Zeng et al. 2020, eqs. 5–9), as released: hard positives and hard negatives are emphasised together.
 *
 *     T = cos(θ_y + m₀ + m₁·h) where cos θ_y > 0, else cos θ_y;   N = t·cos θ_j + a where cos θ_j > cos(θ_y + m), else cos θ_j
 *
 * h is the mean cosine of the sample's hard negatives, 0 without any: a sum over the negatives, taken in pass 1. Like the
 * mask it is a statistic, and carries no gradient.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const npcFace: LossFactory<NpcFaceOptions> = /* #__PURE__ */ lossFactory(
  'npcface',
  {
    scale: 'number',
    margin: 'number',
    m0: 'number',
    m1: 'number',
    t: 'number',
    a: 'number',
    unsafe: 'boolean',
  },
  (options) => {
    const { margin = 0.5, scale = 64, m0 = 0.4, m1 = 0.2, t = 1.1, a = 0.2 } = options;
    requireAngle('margin', margin, options);
    requireAngle('m0', m0, options);
    for (const [name, value] of Object.entries({ m1, t, a }))
      requirePublished(name, value, { published: NON_NEGATIVE }, options);
    return composeLoss({
      name: 'npcface',
      scale,
      margin: hardPositiveMargin(margin, m0, m1),
      modulation: affineModulation(t, a),
      negativeSums: HARD_MEAN,
    });
  },
);

const HARD_MEAN: NegativeSums = {
  names: ['hardCosines', 'hardCount'],
  terms: (ops, cos, pivot) => {
    const hard = hardMask(ops, cos, pivot);
    const none = ops.constant(0);
    return { hardCosines: ops.select(hard, cos, none), hardCount: ops.select(hard, ops.constant(1), none) };
  },
  sampleValues: (ops, { hardCosines, hardCount }) => ({
    h: ops.div(hardCosines!, ops.max(hardCount!, ops.constant(1))),
  }),
};

function hardPositiveMargin(margin: number, m0: number, m1: number): TargetMargin {
  return {
    name: 'hard-positive',
    onSphere: true,
    target: (ops, point, { h }) => {
      const [one, zero] = [ops.constant(1), ops.constant(0)];
      const rise = ops.mul(ops.constant(m1, 'm_1'), h!);
      const own = named(ops, ops.add(ops.constant(m0, 'm_0'), rise), 'g');
      const shifted = angleSum(ops, point, angleParts(ops, own));
      const acute = ops.greater(point.cos, zero);
      return {
        value: ops.select(acute, shifted.value, point.cos),
        dCos: ops.select(acute, shifted.dCos, one),
        dNorm: zero,
        pivot: named(ops, angleSum(ops, point, constantAngle(ops, margin)).value, '\\varphi'),
        pastPi: never(ops),
      };
    },
  };
}

function affineModulation(t: number, a: number): Modulation {
  return {
    name: 'affine',
    onSphere: true,
    negative: (ops, cos, pivot) => {
      const hard = hardMask(ops, cos, pivot);
      const weight = ops.constant(t, 't');
      return {
        value: ops.select(hard, ops.add(ops.mul(weight, cos), ops.constant(a, 'a')), cos),
        dCos: ops.select(hard, weight, ops.constant(1)),
      };
    },
  };
}
