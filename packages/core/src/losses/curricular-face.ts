import { requireChoice, requireRange } from '../errors/check-options.ts';
import { OptionOutOfRangeError, UnknownNameError } from '../errors/errors.ts';
import { additiveCosineMargin } from '../margin/additive-cosine-margin.ts';
import { angularMarginOf } from '../margin/angular-margin.ts';
import { ANGULAR_OPTIONS } from '../margin/check-angular-options.ts';
import { type CombinedMargins, combinedMargin } from '../margin/combined-margin.ts';
import type { AngularMarginOptions, TargetMargin } from '../margin/target-margin.ts';
import { curricularModulation } from '../modulation/modulation.ts';
import { type EmaPreset, ema, emaWeight } from '../scheduler/ema.ts';
import { angularMarginOfClass, type ClassMargins, isTable, marginOfClass } from './class-margins.ts';
import { composeLoss } from './compose-loss.ts';
import {
  CURRICULAR_STATISTICS,
  type CurricularStatistic,
  curricularStatistic,
} from './curricular-statistics.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { MarginLoss } from './margin-loss.ts';
import type { ScaleOptions } from './norm-face.ts';

/** The positive margin that the curriculum stands on, where it is not ArcFace's. */
export type CurricularMargin =
  | { readonly kind: 'cosine'; readonly margin: number; readonly easyMargin?: boolean }
  | ({ readonly kind: 'combined' } & CombinedMargins);

export interface CurricularFaceOptions extends ScaleOptions, AngularMarginOptions {
  /**
   * m in radians, 0 ≤ m < π (ArcFace's margin; unsafe −π < m < π), a table with one a class, or another positive margin.
   * Default 0.5.
   */
  readonly margin?: number | ClassMargins | CurricularMargin;
  /** Weight of the new batch in the moving average t, 0 ≤ α ≤ 1, or a preset. Default `official` (0.01). */
  readonly alpha?: EmaPreset | number;
  /** t before the first step, −1 ≤ t₀ ≤ 1; with α = 0 it stays there, as in the paper's ablation of a fixed t. Default 0. */
  readonly tInitial?: number;
  /** What of a batch t follows. Default `mean-cosine`. */
  readonly statistic?: CurricularStatistic;
}

/**
 * CurricularFace (Huang et al. 2020, eqs. 3–8): T = cos(θ_y + m); a negative with cos θ_j > cos(θ_y + m) is hard and
 * becomes cos θ_j·(t + cos θ_j).
 *
 * t ← α·r + (1 − α)·t, r the batch mean of cos θ_y (or another {@link CurricularStatistic}), moves before it is used, without gradient, and not in
 * evaluation.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const curricularFace: LossFactory<CurricularFaceOptions> = /* #__PURE__ */ lossFactory(
  'curricularface',
  {
    scale: 'number',
    margin: 'number or table or object',
    ...ANGULAR_OPTIONS,
    alpha: 'number or string',
    tInitial: 'number',
    statistic: 'string',
  },
  (options) => {
    const { scale = 64, tInitial = 0, statistic = 'mean-cosine' } = options;
    const alpha = emaWeight(options.alpha ?? 'official');
    requireRange('tInitial', tInitial, -1, 1);
    requireChoice('statistic', statistic, CURRICULAR_STATISTICS);
    const parts = positiveMargin(options);
    return composeLoss({
      name: 'curricularface',
      scale,
      ...parts,
      modulation: curricularModulation,
      sampleValueNames: parts.classValues === undefined ? ['t'] : ['t', 'margin'],
      initialValues: { t: tInitial },
      // A little past ±1: an average kept in float32 may round over.
      stateRanges: { t: [-1.000001, 1.000001] },
      ...(statistic === 'mean-probability' ? { surveyScale: (ops) => ops.constant(scale, 's') } : {}),
      prepare: (ops, batch, state, mode) => {
        const previous = state.t!;
        const t =
          mode === 'train'
            ? ema(
                ops,
                previous,
                curricularStatistic(ops, batch, statistic, scale),
                ops.constant(alpha, '\\alpha'),
              )
            : previous;
        const ofClass = parts.classValues === undefined ? {} : marginOfClass(batch);
        return { sampleValues: { t, ...ofClass }, next: { t } };
      },
    });
  },
);

interface PositiveMargin {
  readonly margin: TargetMargin;
  readonly classValues?: MarginLoss['classValues'];
}

function positiveMargin(options: CurricularFaceOptions): PositiveMargin {
  const { margin = 0.5, easyMargin, gradient, beyondPi, unsafe = false } = options;
  if (isTable(margin)) return angularMarginOfClass(margin, options);
  if (typeof margin === 'number') return { margin: angularMarginOf(margin, options) };
  if (typeof margin !== 'object' || margin === null) {
    throw new OptionOutOfRangeError(
      'margin',
      margin,
      'a number, or a margin such as { kind: "cosine", margin: 0.35 }',
    );
  }
  refuseBeside('easyMargin', easyMargin);
  if (margin.kind === 'cosine') {
    refuseBeside('beyondPi', beyondPi);
    refuseBeside('gradient', gradient);
    requireKeys(margin, ['kind', 'margin', 'easyMargin']);
    const { easyMargin: easy = false } = margin;
    return { margin: additiveCosineMargin(margin.margin, { easyMargin: easy, unsafe }) };
  }
  requireChoice('margin.kind', margin.kind, ['cosine', 'combined']);
  requireKeys(margin, ['kind', 'multiplicative', 'angular', 'cosine']);
  const given = {
    unsafe,
    ...(beyondPi === undefined ? {} : { beyondPi }),
    ...(gradient === undefined ? {} : { gradient }),
  };
  return { margin: combinedMargin(margin, given) };
}

function refuseBeside(option: string, value: unknown): void {
  if (value === undefined) return;
  const fix = 'set it inside margin where that kind has it, or leave it out.';
  throw new OptionOutOfRangeError(option, value, `no ${option} beside a margin of this kind`, fix);
}

function requireKeys(margin: CurricularMargin, known: readonly string[]): void {
  for (const key of Object.keys(margin)) {
    if (!known.includes(key)) throw new UnknownNameError(`option of a ${margin.kind} margin`, key, known);
  }
}
