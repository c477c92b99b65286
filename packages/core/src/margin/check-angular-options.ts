import { requireChoice } from '../errors/check-options.ts';
import { requireGradientMode } from './gradient-mode.ts';
import type { AngularMarginOptions } from './target-margin.ts';

/** Throws OptionOutOfRangeError unless every option that is given is one of its choices. */
export function checkAngularOptions({ beyondPi, easyMargin, gradient }: AngularMarginOptions): void {
  if (beyondPi !== undefined) requireChoice('beyondPi', beyondPi, ['linear', 'cosine']);
  if (easyMargin !== undefined) requireChoice('easyMargin', easyMargin, [true, false]);
  if (gradient !== undefined) requireGradientMode(gradient);
}
