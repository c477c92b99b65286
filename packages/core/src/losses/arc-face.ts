import { angularMarginOf } from '../margin/angular-margin.ts';
import { ANGULAR_OPTIONS } from '../margin/check-angular-options.ts';
import type { AngularMarginOptions } from '../margin/target-margin.ts';
import { angularMarginOfClass, type ClassMargins, isTable, marginOfClass } from './class-margins.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface ArcFaceOptions extends ScaleOptions, AngularMarginOptions {
  /** m in radians, 0 ≤ m < π; unsafe −π < m < π. Default 0.5. */
  readonly margin?: number;
}

/** {@link arcFace} with a margin that may differ from class to class. */
export interface ArcFaceClassOptions extends Omit<ArcFaceOptions, 'margin'> {
  readonly margin?: number | ClassMargins;
}

/**
 * ArcFace (Deng et al. 2019, eq. 3): T = cos(θ + m), with one margin for all classes or with a table of them.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const arcFace: LossFactory<ArcFaceClassOptions> = /* #__PURE__ */ lossFactory(
  'arcface',
  { scale: 'number', margin: 'number or table', ...ANGULAR_OPTIONS },
  (options) => {
    const { margin = 0.5, scale = 64 } = options;
    const base = { name: 'arcface', scale } as const;
    if (!isTable(margin)) return composeLoss({ ...base, margin: angularMarginOf(margin, options) });
    return composeLoss({
      ...base,
      ...angularMarginOfClass(margin, options),
      sampleValueNames: ['margin'],
      prepare: (_ops, batch) => ({ sampleValues: marginOfClass(batch), next: {} }),
    });
  },
);
