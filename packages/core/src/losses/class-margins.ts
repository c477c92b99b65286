import { OptionOutOfRangeError } from '../errors/errors.ts';
import { type Domain, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import type { MarginLossParts } from './compose-loss.ts';

/** One margin for all classes, or a table with one a class, in the order of the labels: [C]. */
export type ClassMargins = number | readonly number[] | Float32Array | Float64Array;

/**
 * Throws unless every margin of a table is in its domain.
 *
 * @throws OptionOutOfRangeError that names the class
 */
export function requireMargins(
  margins: Exclude<ClassMargins, number>,
  domain: Domain,
  options: UnsafeOption,
): void {
  if (!(margins?.length > 0)) {
    const fix = 'give one margin a class, or one number for all.';
    throw new OptionOutOfRangeError('margin', margins, 'a table of at least one class', fix);
  }
  for (let c = 0; c < margins.length; c++) requirePublished(`margin[${c}]`, margins[c]!, domain, options);
}

/** The parts of a loss whose target reads the sample value `margin` from a table of classes. */
export function marginsOfClasses(
  margins: Exclude<ClassMargins, number>,
): Pick<MarginLossParts, 'classValues' | 'sampleValueNames' | 'prepare'> {
  return {
    classValues: { margin: Float64Array.from(margins) },
    sampleValueNames: ['margin'],
    prepare: (_ops, { ofClass }) => ({ sampleValues: { margin: ofClass.margin! }, next: {} }),
  };
}
