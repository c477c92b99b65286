import { requireRange } from '../errors/check-options.ts';
import { POSITIVE, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import { angleSum } from '../margin/add-angle.ts';
import { clampCosineTo } from '../margin/clamp-cosine.ts';
import type { TargetMargin } from '../margin/target-margin.ts';
import type { Modulation } from '../modulation/modulation.ts';
import { type BatchOps, named, type TensorOps } from '../ops/tensor-ops.ts';
import { batchMean, ema } from '../scheduler/ema.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface AdaFaceOptions extends ScaleOptions, UnsafeOption {
  /** m, both in radians and as a cosine, 0 ≤ m ≤ 1; unsafe −π + ε < m < π − ε. Default 0.4. */
  readonly margin?: number;
  /** h > 0: how much of the norms' spread maps onto [−1, 1]; unsafe any finite h. Default 0.333. */
  readonly h?: number;
  /** Weight of the new batch in the norms' mean and standard deviation, 0 ≤ tAlpha ≤ 1. Default 0.01. */
  readonly tAlpha?: number;
  /** ε of the clamps, 0 < ε ≤ 0.25. Default 0.001. */
  readonly eps?: number;
  /** Mean norm before the first step, ≥ 0. Default 20. */
  readonly batchMeanInitial?: number;
  /** Standard deviation of the norms before the first step, ≥ 0. Default 100. */
  readonly batchStdInitial?: number;
}

const LEAST_NORM = 0.001;
const LARGEST_NORM = 100;

/**
 * AdaFace (Kim et al. 2022, eqs. 14–17), as released: the margin follows the embedding's norm, a stand-in for image
 * quality.
 *
 *     T = cos(clip(θ − m·ẑ, ε, π − ε)) − (m + m·ẑ),   ẑ = clip(h·(‖x‖ − μ)/(σ + ε), −1, 1)
 *
 * Norms are clipped to [0.001, 100] and carry no gradient; μ and σ (unbiased) are moving averages over batches, and
 * a batch of one leaves σ as it is. Every cosine is clamped to ±(1 − ε), with gradient 0 outside.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const adaFace: LossFactory<AdaFaceOptions> = /* #__PURE__ */ lossFactory(
  'adaface',
  {
    scale: 'number',
    margin: 'number',
    h: 'number',
    tAlpha: 'number',
    eps: 'number',
    batchMeanInitial: 'number',
    batchStdInitial: 'number',
    unsafe: 'boolean',
  },
  (options) => {
    const { margin = 0.4, scale = 64, h = 0.333, tAlpha = 0.01, eps = 0.001 } = options;
    const { batchMeanInitial = 20, batchStdInitial = 100 } = options;
    requireRange('eps', eps, 0, 0.25, 'exclusive lower bound');
    const shifts = { low: eps - Math.PI, high: Math.PI - eps, open: 'both' } as const;
    requirePublished('margin', margin, { published: { low: 0, high: 1 }, defined: shifts }, options);
    requirePublished('h', h, { published: POSITIVE }, options);
    requireRange('tAlpha', tAlpha, 0, 1);
    requireRange('batchMeanInitial', batchMeanInitial, 0, Number.MAX_VALUE);
    requireRange('batchStdInitial', batchStdInitial, 0, Number.MAX_VALUE);
    return composeLoss({
      name: 'adaface',
      scale,
      margin: adaptiveMargin(eps),
      modulation: clampedModulation(eps),
      sampleValueNames: ['cosShift', 'sinShift', 'cosLow', 'cosHigh', 'drop'],
      initialValues: { batchMean: batchMeanInitial, batchStd: batchStdInitial },
      stateRanges: { batchMean: [0, Number.MAX_VALUE], batchStd: [0, Number.MAX_VALUE] },
      prepare: (ops, { norm }, state, mode) => {
        const safe = ops.min(ops.max(norm, ops.constant(LEAST_NORM)), ops.constant(LARGEST_NORM));
        const next = mode === 'train' ? movedStatistics(ops, safe, state, tAlpha) : { ...state };
        const spread = ops.add(next.batchStd!, ops.constant(eps));
        const raw = ops.mul(ops.constant(h), ops.div(ops.sub(safe, next.batchMean!), spread));
        const z = ops.min(ops.max(raw, ops.constant(-1)), ops.constant(1));
        return {
          sampleValues: shiftParts(ops, z, margin, eps),
          next: { batchMean: next.batchMean!, batchStd: next.batchStd! },
        };
      },
    });
  },
);

function movedStatistics<T, M>(
  ops: BatchOps<T, M>,
  norm: T,
  state: Readonly<Record<string, T>>,
  tAlpha: number,
): Readonly<Record<string, T>> {
  const one = ops.constant(1);
  const mean = batchMean(ops, norm);
  const deviation = ops.sub(norm, mean);
  const others = ops.sub(ops.count(norm), one);
  const std = ops.sqrt(ops.div(ops.sum(ops.mul(deviation, deviation)), ops.max(others, one)));
  const alpha = ops.constant(tAlpha);
  const alphaOfStd = ops.select(ops.greater(others, ops.constant(0)), alpha, ops.constant(0));
  return {
    batchMean: ema(ops, state.batchMean!, mean, alpha),
    batchStd: ema(ops, state.batchStd!, std, alphaOfStd),
  };
}

/**
 * The shift g = −m·ẑ of θ in the parts that angle addition needs, and the cosines past which θ + g leaves
 * [ε, π − ε]: θ < ε − g ⇔ cos θ > cos(ε − g), where ε − g > 0.
 */
function shiftParts<T, M>(ops: TensorOps<T, M>, z: T, margin: number, eps: number): Record<string, T> {
  const m = ops.constant(margin, 'm');
  const e = ops.constant(eps, '\\varepsilon');
  const shift = ops.neg(ops.mul(m, z));
  const below = ops.sub(e, shift);
  const above = ops.add(e, shift);
  return {
    cosShift: ops.cos(shift),
    sinShift: ops.sin(shift),
    cosLow: ops.select(ops.greater(below, ops.constant(0)), ops.cos(below), ops.constant(2)),
    cosHigh: ops.select(ops.greater(above, ops.constant(0)), ops.neg(ops.cos(above)), ops.constant(-2)),
    drop: ops.add(m, ops.mul(m, z)),
  };
}

function adaptiveMargin(eps: number): TargetMargin {
  const bound = 1 - eps;
  const sinAtBound = Math.sqrt(1 - bound * bound);
  return {
    name: 'adaptive',
    onSphere: true,
    target: (ops, point, sample) => {
      const zero = ops.constant(0);
      const clamped = clampCosineTo(ops, point.cos, eps);
      const cos = named(ops, clamped.value, 'c');
      const sin = named(ops, ops.max(point.sin, ops.constant(sinAtBound)), '\\sigma');
      const shifted = angleSum(ops, { cos, sin }, { cos: sample.cosShift!, sin: sample.sinShift! });
      const low = ops.greater(cos, sample.cosLow!);
      const high = ops.greater(sample.cosHigh!, cos);
      const edge = ops.constant(Math.cos(eps), '\\cos\\varepsilon');
      const sum = ops.select(low, edge, ops.select(high, ops.neg(edge), shifted.value));
      const value = ops.sub(sum, sample.drop!);
      return {
        value,
        dCos: ops.select(ops.or(low, high), zero, ops.mul(shifted.dCos, clamped.dCos)),
        dNorm: zero,
        pivot: value,
        pastPi: high,
      };
    },
  };
}

function clampedModulation(eps: number): Modulation {
  return { name: 'clamped', onSphere: true, negative: (ops, cos) => clampCosineTo(ops, cos, eps) };
}
