import { ANGULAR_MARGIN } from '../errors/published-domain.ts';
import { addAngle, angleParts } from '../margin/add-angle.ts';
import { angularMargin } from '../margin/angular-margin.ts';
import { checkAngularOptions } from '../margin/check-angular-options.ts';
import type { AngularMarginOptions, TargetMargin } from '../margin/target-margin.ts';
import { type ClassMargins, marginsOfClasses, requireMargins } from './class-margins.ts';
import { composeLoss } from './compose-loss.ts';
import type { MarginLoss } from './margin-loss.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface ArcFaceOptions extends ScaleOptions, AngularMarginOptions {
  /** m in radians, 0 ≤ m < π; unsafe −π < m < π. Default 0.5. */
  readonly margin?: number;
}

/** {@link arcFace} with a margin that may differ from class to class. */
export interface ArcFaceClassOptions extends Omit<ArcFaceOptions, 'margin'> {
  readonly margin?: ClassMargins;
}

/**
 * ArcFace (Deng et al. 2019, eq. 3): T = cos(θ + m), with one margin for all classes or with a table of them.
 *
 * @throws OptionOutOfRangeError
 */
export function arcFace(options: ArcFaceClassOptions = {}): MarginLoss {
  const { margin = 0.5, scale = 64 } = options;
  if (typeof margin !== 'object') {
    return composeLoss({ name: 'arcface', scale, margin: angularMargin(margin, options) });
  }
  checkAngularOptions(options);
  requireMargins(margin, ANGULAR_MARGIN, options);
  const ofClass: TargetMargin = {
    name: 'angular of the class',
    onSphere: true,
    target: (ops, point, sample) => addAngle(ops, point, angleParts(ops, sample.margin!), options),
  };
  return composeLoss({ name: 'arcface', scale, margin: ofClass, ...marginsOfClasses(margin) });
}
