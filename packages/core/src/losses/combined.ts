import { type CombinedMarginOptions, combinedMarginOf } from '../margin/combined-margin.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface CombinedOptions extends ScaleOptions, CombinedMarginOptions {
  /** Multiplies θ, 0 < m₁ ≤ 16; unsafe any finite m₁ > 0. Default 1. */
  readonly m1?: number;
  /** Added to m₁θ, in radians, 0 ≤ m₂ < π; unsafe −π < m₂ < π. Default 0.3. */
  readonly m2?: number;
  /** Subtracted as a cosine, 0 ≤ m₃ ≤ 2; unsafe any finite m₃. Default 0.2. */
  readonly m3?: number;
}

/**
 * The combined margin (Deng et al. 2019, eq. 4): T = cos(m₁θ + m₂) − m₃, all three at once.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const combined: LossFactory<CombinedOptions> = /* #__PURE__ */ lossFactory(
  'combined-margin',
  {
    scale: 'number',
    m1: 'number',
    m2: 'number',
    m3: 'number',
    beyondPi: 'string',
    gradient: 'string',
    unsafe: 'boolean',
  },
  (options) => {
    const { m1 = 1, m2 = 0.3, m3 = 0.2, scale = 64 } = options;
    const margins = { multiplicative: m1, angular: m2, cosine: m3 };
    return composeLoss({ name: 'combined-margin', scale, margin: combinedMarginOf(margins, options) });
  },
);
