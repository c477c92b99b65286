import { OptionOutOfRangeError, ShapeMismatchError } from '../../errors/errors.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { perSample } from '../../readings/batch.ts';
import type { LossState } from '../../state/loss-state.ts';
import type { Mode } from '../../weighting/sample-weighting.ts';
import type { HeadOptions } from '../contract.ts';

/** What of a batch moves classes. */
export interface ClassBatch {
  readonly state: LossState;
  readonly mode: Mode;
  /** Of the samples, among the classes of all shards: [B]. */
  readonly labels: Float64Array;
  /** C, over all shards. */
  readonly classes: number;
}

/** A loss, and what it carries of classes. */
type ClassValued = Pick<MarginLoss, 'name' | 'classValues' | 'initialClassValues'>;

/**
 * The entries of a loss's tables, and of what it carries of classes, that belong to the samples' classes: [B] each.
 *
 * @param labels among the classes of all shards.
 */
export function classValuesOf(
  { classValues, initialClassValues }: Omit<ClassValued, 'name'>,
  labels: ArrayLike<number>,
  state: Pick<LossState, 'classValues'>,
): Record<string, Float64Array> {
  const tables = Object.entries({ ...classValues, ...initialClassValues, ...state.classValues });
  const entries = tables.map(([name, table]) => [
    name,
    Float64Array.from(labels, (label) => (typeof table === 'number' ? table : table[label]!)),
  ]);
  return Object.fromEntries(entries);
}

/**
 * What a loss carries of classes after a step: of those of the batch what `prepare` says, of the others what it was.
 *
 * @throws OptionOutOfRangeError where samples of one class say different things
 */
export function nextClassValues(
  { name: loss, initialClassValues }: ClassValued,
  { state, mode, labels, classes }: ClassBatch,
  nextOfClass: Readonly<Record<string, Float64Array>> = {},
): LossState['classValues'] {
  const names = Object.entries(initialClassValues);
  if (mode === 'eval' || names.length === 0) return state.classValues;
  const entries = names.map(([name, start]) => {
    const values = state.classValues?.[name]?.slice() ?? new Array<number>(classes).fill(start);
    const next = perSample(nextOfClass[name]!, labels.length);
    const seen = new Set<number>();
    labels.forEach((label, i) => {
      if (seen.has(label) && !Object.is(values[label], next[i])) {
        const expected = `one number for all samples of class ${label}`;
        const fix = 'reduce what is of samples by sumOfClass.';
        throw new OptionOutOfRangeError(`nextOfClass.${name} of ${loss}`, next[i], expected, fix);
      }
      seen.add(label);
      values[label] = next[i]!;
    });
    return [name, values];
  });
  return Object.fromEntries(entries);
}

/** Throws ShapeMismatchError unless every table of a loss, and what a state carries of classes, has one entry a class. */
export function requireClassValues(
  { name: loss, classValues }: Pick<ClassValued, 'name' | 'classValues'>,
  classes: number,
  state?: Pick<LossState, 'classValues'>,
): void {
  for (const [name, { length }] of Object.entries({ ...classValues, ...state?.classValues })) {
    if (length === classes) continue;
    throw new ShapeMismatchError(
      `${name} of length ${length} in ${loss}`,
      `[${classes}], one entry a class`,
      Object.hasOwn(classValues, name)
        ? `make the loss with a table of ${classes}, in the order of the labels.`
        : 'hand in the state of a training of the same classes.',
    );
  }
}

/** Throws OptionOutOfRangeError unless a head knows which of all classes are its own. */
export function requireFirstClass(
  { firstClass, communicator }: Pick<HeadOptions, 'firstClass' | 'communicator'>,
  { classes, allClasses }: { readonly classes: number; readonly allClasses: number },
): void {
  const fix = 'give each shard the number of classes on those before it.';
  if (firstClass === undefined && communicator !== undefined) {
    const expected = 'that of this shard among all classes';
    throw new OptionOutOfRangeError('firstClass', firstClass, expected, fix);
  }
  if ((firstClass ?? 0) + classes <= allClasses) return;
  const expected = `firstClass ≤ ${allClasses - classes} for ${classes} of ${allClasses} classes`;
  throw new OptionOutOfRangeError('firstClass', firstClass, expected, fix);
}
