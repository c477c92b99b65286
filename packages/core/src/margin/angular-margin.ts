import { requireAngle } from '../errors/check-options.ts';
import { addAngle, constantAngle } from './add-angle.ts';
import { checkAngularOptions } from './check-angular-options.ts';
import type { AngularMarginOptions, TargetMargin } from './target-margin.ts';

/**
 * T = cos(θ_y + m): the additive angular margin of ArcFace (Deng et al. 2019, eq. 3).
 *
 * @param margin m in radians, 0 ≤ m < π; unsafe −π < m < π.
 * @throws OptionOutOfRangeError
 */
export function angularMargin(margin: number, options: AngularMarginOptions = {}): TargetMargin {
  requireAngle('margin', margin, options);
  checkAngularOptions(options);
  return {
    name: 'angular',
    onSphere: true,
    target: (ops, point) => addAngle(ops, point, constantAngle(ops, margin), options),
  };
}
