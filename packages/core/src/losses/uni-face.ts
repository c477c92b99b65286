import { requirePositive } from '../errors/check-options.ts';
import {
  COSINE_MARGIN,
  type Domain,
  POSITIVE,
  requirePublished,
  type UnsafeOption,
} from '../errors/published-domain.ts';
import { additiveCosineMarginOf } from '../margin/additive-cosine-margin.ts';
import { binaryObjective } from '../objective/binary-objective.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { BiasParameter, MarginLoss } from './margin-loss.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface UniFaceOptions extends ScaleOptions, UnsafeOption {
  /** m as a cosine, 0 ≤ m ≤ 2; unsafe any finite m. Default 0.4. */
  readonly margin?: number;
  /** λ, weight of the negatives, 0 < λ ≤ 1; unsafe any finite λ > 0. Default 1. */
  readonly lambda?: number;
  /** r, the share of negatives that b's start counts on, 0 < r ≤ 1: all are used. Default 1. */
  readonly r?: number;
}

const UNIFIED_OPTIONS = {
  scale: 'number',
  margin: 'number',
  lambda: 'number',
  r: 'number',
  unsafe: 'boolean',
} as const;

const SHARE: Domain = { published: { low: 0, high: 1, open: 'low' }, defined: POSITIVE };

/**
 * UniFace, the unified cross-entropy (Zhou et al. 2023, eqs. 31–32), as released: all positive pairs above one threshold b, all
 * negative ones below it.
 *
 *     L = log(1 + e^{−(s(cos θ_y − m) − b)}) + λ·Σ_{j≠y} log(1 + e^{s·cos θ_j − b})
 *
 * Exponents are clamped to ±s, with no gradient past it: a target with cos θ_y < m − 1 + b/s pulls at nothing. b is learned, one
 * for all classes, and starts at ln(10·r·C).
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const uniFace: LossFactory<UniFaceOptions> = /* #__PURE__ */ lossFactory(
  'uniface',
  UNIFIED_OPTIONS,
  (options) => {
    return unified('uniface', 'all classes', options);
  },
);

/**
 * The same with a threshold b_j for each class: the normalised binary cross-entropy that UniFace is compared with (Zhou et al.
 * 2023).
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const bceFace: LossFactory<UniFaceOptions> = /* #__PURE__ */ lossFactory(
  'bce-face',
  UNIFIED_OPTIONS,
  (options) => {
    return unified('bce-face', 'each class', options);
  },
);

function unified(name: string, of: BiasParameter['of'], options: UniFaceOptions): MarginLoss {
  const { scale = 64, margin = 0.4, lambda = 1, r = 1 } = options;
  requirePositive('scale', scale);
  requirePublished('margin', margin, COSINE_MARGIN, options);
  requirePublished('lambda', lambda, SHARE, options);
  requirePublished('r', r, { published: SHARE.published, defined: SHARE.published }, options);
  return composeLoss({
    name,
    scale,
    objective: binaryObjective({ positiveWeight: 1, negativeWeight: lambda, biasSign: -1, bound: scale }),
    bias: { of, start: (classes) => Math.log(10 * r * classes) },
    margin: additiveCosineMarginOf(margin, options),
  });
}
