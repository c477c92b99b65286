import { OptionOutOfRangeError } from '../errors/errors.ts';
import {
  ANGULAR_MARGIN,
  type Domain,
  requirePublished,
  type UnsafeOption,
} from '../errors/published-domain.ts';
import { addAngle, angleParts } from '../margin/add-angle.ts';
import { checkAngularOptions } from '../margin/check-angular-options.ts';
import type { AngularMarginOptions, TargetMargin } from '../margin/target-margin.ts';
import type { BatchStatistics, MarginLoss } from './margin-loss.ts';

/** A table of margins, one a class, in the order of the labels: [C]. */
export type ClassMargins = readonly number[] | Float32Array | Float64Array;

/** Whether a margin is such a table. */
export function isTable(margin: unknown): margin is ClassMargins {
  return Array.isArray(margin) || ArrayBuffer.isView(margin);
}

/**
 * The table that a loss gives to its samples by their labels, checked entry by entry.
 *
 * @throws OptionOutOfRangeError that names the class
 */
export function classMargins(
  margins: ClassMargins,
  domain: Domain,
  options: UnsafeOption,
): MarginLoss['classValues'] {
  if (margins.length === 0) {
    const fix = 'give one margin a class, or one number for all.';
    throw new OptionOutOfRangeError('margin', [], 'a table of at least one class', fix);
  }
  for (let c = 0; c < margins.length; c++) requirePublished(`margin[${c}]`, margins[c]!, domain, options);
  return { margin: Float64Array.from(margins) };
}

/** The margin of each sample's class, as the sample value `margin`. */
export function marginOfClass<T>({ ofClass }: BatchStatistics<T>): { readonly margin: T } {
  return { margin: ofClass.margin! };
}

/** T = cos(θ_y + m_y), m_y the sample value `margin`, with its table. @throws OptionOutOfRangeError */
export function angularMarginOfClass(
  margins: ClassMargins,
  options: AngularMarginOptions,
): { readonly margin: TargetMargin; readonly classValues: MarginLoss['classValues'] } {
  checkAngularOptions(options);
  return {
    margin: {
      name: 'angular of the class',
      onSphere: true,
      target: (ops, point, sample) => addAngle(ops, point, angleParts(ops, sample.margin!), options),
    },
    classValues: classMargins(margins, ANGULAR_MARGIN, options),
  };
}
