import { angularMargin } from '../margin/angular-margin.ts';
import type { AngularMarginOptions } from '../margin/target-margin.ts';
import { composeLoss } from './compose-loss.ts';
import type { MarginLoss } from './margin-loss.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface ArcFaceOptions extends ScaleOptions, AngularMarginOptions {
  /** m in radians, 0 ≤ m < π; unsafe −π < m < π. Default 0.5. */
  readonly margin?: number;
}

/**
 * ArcFace (Deng et al. 2019, eq. 3): T = cos(θ + m).
 *
 * @throws OptionOutOfRangeError
 */
export function arcFace(options: ArcFaceOptions = {}): MarginLoss {
  const { margin = 0.5, scale = 64 } = options;
  return composeLoss({ name: 'arcface', scale, margin: angularMargin(margin, options) });
}
