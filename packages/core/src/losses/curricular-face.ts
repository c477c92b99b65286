import { requireRange } from '../errors/check-options.ts';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import { additiveCosineMargin } from '../margin/additive-cosine-margin.ts';
import { angularMargin } from '../margin/angular-margin.ts';
import { type CombinedMargins, combinedMargin } from '../margin/combined-margin.ts';
import type { AngularMarginOptions, TargetMargin } from '../margin/target-margin.ts';
import { curricularModulation } from '../modulation/modulation.ts';
import { batchMean, type EmaPreset, ema, emaWeight } from '../scheduler/ema.ts';
import { type MarginLoss, marginLoss } from './margin-loss.ts';
import type { ScaleOptions } from './norm-face.ts';

/** The positive margin that the curriculum stands on, where it is not ArcFace's. */
export type CurricularMargin =
  | { readonly kind: 'cosine'; readonly margin: number; readonly easyMargin?: boolean }
  | ({ readonly kind: 'combined' } & CombinedMargins);

export interface CurricularFaceOptions extends ScaleOptions, AngularMarginOptions {
  /** m in radians, 0 ≤ m < π (ArcFace's margin), or another positive margin. Default 0.5. */
  readonly margin?: number | CurricularMargin;
  /** Weight of the new batch in the moving average t, or a preset. Default `official` (0.01). */
  readonly alpha?: EmaPreset | number;
  /** t before the first step, −1 ≤ t₀ ≤ 1. Default 0. */
  readonly tInitial?: number;
}

/**
 * CurricularFace (Huang et al. 2020, eqs. 3–8): T = cos(θ_y + m); a negative with cos θ_j > cos(θ_y + m) is hard and
 * becomes cos θ_j·(t + cos θ_j).
 *
 * t ← α·r + (1 − α)·t, r the batch mean of cos θ_y, moves before it is used, without gradient, and not in
 * evaluation.
 *
 * @throws OptionOutOfRangeError
 */
export function curricularFace(options: CurricularFaceOptions = {}): MarginLoss {
  const { scale = 64, gradient = 'exact', tInitial = 0 } = options;
  const alpha = emaWeight(options.alpha ?? 'official');
  requireRange('tInitial', tInitial, -1, 1);
  return marginLoss({
    name: 'curricularface',
    scale,
    gradient,
    margin: positiveMargin(options),
    modulation: curricularModulation,
    rows: ['t'],
    initialValues: { t: tInitial },
    prepare: (ops, { cosTarget }, state, mode) => {
      const previous = state.t!;
      const t =
        mode === 'train'
          ? ema(ops, previous, batchMean(ops, cosTarget), ops.constant(alpha, '\\alpha'))
          : previous;
      return { row: { t }, next: { t } };
    },
  });
}

function positiveMargin(options: CurricularFaceOptions): TargetMargin {
  const { margin = 0.5, easyMargin, gradient, beyondPi } = options;
  if (typeof margin === 'number') return angularMargin(margin, options);
  if (easyMargin !== undefined) {
    throw new OptionOutOfRangeError(
      'easyMargin',
      easyMargin,
      'no easyMargin beside a margin of another kind',
      'set it inside margin.',
    );
  }
  if (margin.kind === 'cosine') {
    return additiveCosineMargin(
      margin.margin,
      margin.easyMargin === undefined ? {} : { easyMargin: margin.easyMargin },
    );
  }
  return combinedMargin(margin, {
    ...(beyondPi === undefined ? {} : { beyondPi }),
    ...(gradient === undefined ? {} : { gradient }),
  });
}
