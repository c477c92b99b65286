import { ShapeMismatchError, UnknownNameError } from '../errors/errors.ts';

/** Identities numbered 0 … C − 1, both ways. */
export interface LabelMap {
  /** Names in the order of their labels. */
  readonly names: readonly string[];
  /** The label of an identity. @throws UnknownNameError */
  labelOf(name: string): number;
}

/**
 * Numbers identities 0 … C − 1 in the order of their code units, so that the same set gives the same labels.
 *
 * @param identities names, repeated or not.
 * @throws ShapeMismatchError if there is none.
 */
export function buildLabelMap(identities: Iterable<string>): LabelMap {
  const names = [...new Set(identities)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (names.length === 0) {
    throw new ShapeMismatchError(
      '0 identities',
      'at least one identity',
      'pass the names of the identities in the data.',
    );
  }
  const labels = new Map(names.map((name, label) => [name, label]));
  return {
    names,
    labelOf(name) {
      const label = labels.get(name);
      if (label === undefined) throw new UnknownNameError('identity', name, names);
      return label;
    },
  };
}
