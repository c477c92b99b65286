import { OptionOutOfRangeError } from '@cf/core';
import { PairsError } from '../errors.ts';
import { cutThreshold } from './cut.ts';
import { checkScores } from './labelled-pairs.ts';

/**
 * The lowest threshold at which at most `far` of some impostor pairs are accepted, so that the most genuine ones are.
 *
 * It lies halfway to the next lower score, as those of {@link verify} do; with `far` = 1 it is the lowest score, and above
 * all where even the highest score is had by too many pairs.
 *
 * @param impostor - `[P]` scores of pairs of two identities, in any order.
 * @throws PairsError (`E_PAIRS`) with fewer than 1/FAR pairs: one of them would weigh more than the rate.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) unless 0 < FAR ≤ 1. NonFiniteError (`E_NON_FINITE`).
 */
export function thresholdAtFar(impostor: ArrayLike<number>, far: number): number {
  const required = requiredPairs('far', far);
  checkScores('impostor', impostor);
  if (impostor.length < required) throw tooFewImpostors(far, impostor.length, required);
  const falling = Float64Array.from(impostor).sort().reverse();
  const distinct: number[] = [];
  let cut = -1;
  for (let at = 0; at < falling.length; ) {
    const value = falling[at]!;
    while (falling[at] === value) at++;
    distinct.push(value);
    // One more than the last that is accepted has to be known for the middle.
    if (at / falling.length > far) break;
    cut++;
  }
  return cutThreshold(Float64Array.from(distinct), cut);
}

/**
 * The smallest number of pairs of which one weighs no more than a rate.
 *
 * @param name of the option, for messages
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) unless 0 < FAR ≤ 1
 */
export function requiredPairs(name: string, far: number): number {
  if (!(far > 0 && far <= 1))
    throw new OptionOutOfRangeError(name, far, '0 < far ≤ 1', 'ask for rates such as 1e-3.');
  // 1/far alone may round to the wrong side of a whole number.
  let count = Math.max(1, Math.round(1 / far));
  // Above 2⁵³ one more is not a number of its own.
  while (1 / count > far && count < Number.MAX_SAFE_INTEGER) count++;
  return count;
}

/** A rate that the pairs can't show. */
export function tooFewImpostors(far: number, pairs: number, required: number): PairsError {
  return new PairsError(
    `${pairs} impostor pairs for a FAR of ${far}`,
    `at least ${required}, of which one weighs no more than that`,
    'ask for a higher FAR, or take more pictures of more people.',
  );
}
