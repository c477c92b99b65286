import { OptionOutOfRangeError, ShapeMismatchError } from '../../errors/errors.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import type { HeadOptions } from '../contract.ts';
import { NO_TARGET } from './target-points.ts';

/**
 * The entries of a loss's class values that belong to the samples' classes, 0 where the class is on another shard: [B] each.
 *
 * @param firstClass of this shard among all classes.
 */
export function classValuesOf(
  { classValues }: Pick<MarginLoss, 'classValues'>,
  labels: Int32Array,
  firstClass: number,
): Record<string, Float64Array> {
  const entries = Object.entries(classValues).map(([name, table]) => [
    name,
    Float64Array.from(labels, (label) => (label === NO_TARGET ? 0 : table[firstClass + label]!)),
  ]);
  return Object.fromEntries(entries);
}

/** Throws ShapeMismatchError unless every table of a loss has one entry a class. */
export function requireClassValues(
  { name: loss, classValues }: Pick<MarginLoss, 'name' | 'classValues'>,
  classes: number,
): void {
  for (const [name, { length }] of Object.entries(classValues)) {
    if (length === classes) continue;
    throw new ShapeMismatchError(
      `${name} of length ${length} in ${loss}`,
      `[${classes}], one entry a class`,
      `make the loss with a table of ${classes}, in the order of the labels.`,
    );
  }
}

/** Throws OptionOutOfRangeError unless a head knows which of all classes are its own, where its loss asks for them. */
export function requireFirstClass(
  { name, classValues }: Pick<MarginLoss, 'name' | 'classValues'>,
  { firstClass, communicator }: Pick<HeadOptions, 'firstClass' | 'communicator'>,
  { classes, allClasses }: { readonly classes: number; readonly allClasses: number },
): void {
  const fix = 'give each shard the number of classes on those before it.';
  if (firstClass === undefined && communicator !== undefined && Object.keys(classValues).length > 0) {
    const expected = `that of this shard, for the table of ${name}`;
    throw new OptionOutOfRangeError('firstClass', firstClass, expected, fix);
  }
  if ((firstClass ?? 0) + classes <= allClasses) return;
  const expected = `firstClass ≤ ${allClasses - classes} for ${classes} of ${allClasses} classes`;
  throw new OptionOutOfRangeError('firstClass', firstClass, expected, fix);
}
