import { createRandom, type OptionNames, OptionOutOfRangeError, requireKnownOptions } from '@cf/core';
import { checkInteger } from '../checks.ts';

/** How {@link splitIdentities} divides. */
export interface SplitOptions {
  /** How much goes to validation: a share under 1 (`0.1`), or a number of identities from 1. */
  readonly validation: number;
  readonly seed: number | string;
}

/** Two parts without a common identity. */
export interface IdentitySplit<Identity> {
  readonly train: readonly Identity[];
  readonly validation: readonly Identity[];
}

const OPTIONS: OptionNames<SplitOptions> = { validation: true, seed: true };

/**
 * Divides identities into a training and a validation part, so that validation is on people never seen.
 *
 * The choice is random by the seed; each part keeps the order of the list. Both parts get one identity at least.
 *
 * @throws OptionOutOfRangeError when there are too few identities for both parts.
 */
export function splitIdentities<Identity>(
  identities: readonly Identity[],
  options: SplitOptions,
): IdentitySplit<Identity> {
  requireKnownOptions('splitIdentities', options, OPTIONS);
  const { validation, seed } = options;
  const count = identities.length;
  if (count < 2) {
    throw new OptionOutOfRangeError(
      'identities.length',
      count,
      'at least 2',
      'add identities, or do not split.',
    );
  }
  const chosen = createRandom(seed)
    .fork('split')
    .shuffle(Uint32Array.from({ length: count }, (_, index) => index))
    .subarray(0, validationCount(validation, count));
  const held = new Set(chosen);
  return {
    train: identities.filter((_, index) => !held.has(index)),
    validation: identities.filter((_, index) => held.has(index)),
  };
}

function validationCount(validation: number, count: number): number {
  if (validation >= 1) {
    checkInteger('validation', validation, 1, count - 1);
    return validation;
  }
  if (!(validation > 0)) {
    const expected = 'a share between 0 and 1, or a number of identities';
    throw new OptionOutOfRangeError('validation', validation, expected, 'take 0.1, for example.');
  }
  return Math.min(count - 1, Math.max(1, Math.round(validation * count)));
}
