import { COSINE_MARGIN, type UnsafeOption } from '../errors/published-domain.ts';
import { additiveCosineMarginOf, subtractMargin } from '../margin/additive-cosine-margin.ts';
import { type ClassMargins, classMargins, isTable, marginOfClass } from './class-margins.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface CosFaceOptions extends ScaleOptions, UnsafeOption {
  /** m as a cosine, 0 ≤ m ≤ 2; unsafe any finite m. Default 0.35. */
  readonly margin?: number;
  /** No margin where cos θ_y ≤ 0. Default false. */
  readonly easyMargin?: boolean;
}

/** {@link cosFace} with a margin that may differ from class to class. */
export interface CosFaceClassOptions extends Omit<CosFaceOptions, 'margin'> {
  readonly margin?: number | ClassMargins;
}

/**
 * CosFace (Wang et al. 2018, eq. 4), also AM-Softmax: T = cos θ − m, with one margin for all classes or with a table of them.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const cosFace: LossFactory<CosFaceClassOptions> = /* #__PURE__ */ lossFactory(
  'cosface',
  { scale: 'number', margin: 'number or table', easyMargin: 'boolean', unsafe: 'boolean' },
  (options) => {
    const { margin = 0.35, scale = 64, easyMargin = false } = options;
    const base = { name: 'cosface', scale } as const;
    if (!isTable(margin)) return composeLoss({ ...base, margin: additiveCosineMarginOf(margin, options) });
    return composeLoss({
      ...base,
      margin: {
        name: 'cosine of the class',
        onSphere: easyMargin,
        target: (ops, point, sample) => subtractMargin(ops, point, sample.margin!, easyMargin),
      },
      classValues: classMargins(margin, COSINE_MARGIN, options),
      sampleValueNames: ['margin'],
      prepare: (_ops, batch) => ({ sampleValues: marginOfClass(batch), next: {} }),
    });
  },
);
