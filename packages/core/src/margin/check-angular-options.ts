import { requireChoice } from '../errors/check-options.ts';
import type { OptionTypes } from '../errors/option-types.ts';
import { requireGradientMode } from './gradient-mode.ts';
import type { AngularMarginOptions } from './target-margin.ts';

/** Throws OptionOutOfRangeError unless every option that is given is one of its choices. */
export function checkAngularOptions({ beyondPi, easyMargin, gradient }: AngularMarginOptions): void {
  if (beyondPi !== undefined) requireChoice('beyondPi', beyondPi, ['linear', 'cosine']);
  if (easyMargin !== undefined) requireChoice('easyMargin', easyMargin, [true, false]);
  if (gradient !== undefined) requireGradientMode(gradient);
}

export const ANGULAR_OPTIONS: OptionTypes<AngularMarginOptions> = {
  beyondPi: 'string',
  easyMargin: 'boolean',
  gradient: 'string',
  unsafe: 'boolean',
};
