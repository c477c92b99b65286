import { requireAngle } from '../errors/check-options.ts';
import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import { addAngle, constantAngle } from './add-angle.ts';
import { checkAngularOptions } from './check-angular-options.ts';
import type { AngularMarginOptions, TargetMargin } from './target-margin.ts';

const OPTIONS: OptionNames<AngularMarginOptions> = {
  beyondPi: true,
  easyMargin: true,
  gradient: true,
  unsafe: true,
};

/**
 * T = cos(θ_y + m): the additive angular margin of ArcFace (Deng et al. 2019, eq. 3).
 *
 * @param margin m in radians, 0 ≤ m < π; unsafe −π < m < π.
 * @throws OptionOutOfRangeError
 */
export function angularMargin(margin: number, options: AngularMarginOptions = {}): TargetMargin {
  requireKnownOptions('angularMargin', options, OPTIONS);
  return angularMarginOf(margin, options);
}

/** The same of a loss's options, whose names are checked already. */
export function angularMarginOf(margin: number, options: AngularMarginOptions): TargetMargin {
  requireAngle('margin', margin, options);
  checkAngularOptions(options);
  return {
    name: 'angular',
    onSphere: true,
    target: (ops, point) => addAngle(ops, point, constantAngle(ops, margin), options),
  };
}
