import { OptionOutOfRangeError } from '@cf/core';
import { cutThreshold } from './cut.ts';
import type { RankedScores } from './ranked-scores.ts';

/** The true accept rate where at most `far` of the impostor pairs are accepted. */
export interface TarAtFar {
  /** The false accept rate that was asked for. */
  readonly far: number;
  /** Highest TAR of a threshold whose FAR ≤ `far`; null if there are too few impostor pairs. */
  readonly tar: number | null;
  /** A pair is accepted when its score ≥ threshold; null with `tar`. */
  readonly threshold: number | null;
  readonly status: 'ok' | 'too few impostor pairs';
  readonly impostorPairs: number;
  /** Impostor pairs needed before one of them weighs at most `far`. */
  readonly required: number;
}

/** The usual operating points. */
export const DEFAULT_FARS: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/**
 * TAR at each FAR, a real threshold's, without interpolation.
 *
 * With fewer than 1/FAR impostor pairs a single false accept would already exceed the FAR; such a TAR would claim a
 * precision that the pairs do not have, so none is given.
 *
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) unless 0 < FAR ≤ 1.
 */
export function tarAtFars(ranked: RankedScores, fars: readonly number[]): TarAtFar[] {
  checkRates('fars', fars);
  const { impostorPairs } = ranked;
  return fars.map((far) => {
    const required = smallestCount(far);
    if (impostorPairs < required) {
      return { far, tar: null, threshold: null, status: 'too few impostor pairs', impostorPairs, required };
    }
    return { far, ...highestTar(ranked, far), status: 'ok', impostorPairs, required };
  });
}

/** The highest TAR of a threshold whose FAR ≤ `far`, and that threshold. */
export function highestTar(
  { score, genuine, impostor, genuinePairs, impostorPairs }: RankedScores,
  far: number,
): { readonly tar: number; readonly threshold: number } {
  let falseAccepts = 0;
  let trueAccepts = 0;
  let cut = 0;
  // TAR and FAR rise from cut to cut: the last one at or under the FAR has the highest TAR.
  for (; cut < score.length; cut++) {
    falseAccepts += impostor[cut]!;
    if (falseAccepts / impostorPairs > far) break;
    trueAccepts += genuine[cut]!;
  }
  return { tar: trueAccepts / genuinePairs, threshold: cutThreshold(score, cut - 1) };
}

/** @throws OptionOutOfRangeError unless every rate is above 0 and at most 1 */
export function checkRates(name: string, rates: readonly number[]): void {
  for (const [index, rate] of rates.entries()) {
    if (rate > 0 && rate <= 1) continue;
    const expected = `0 < ${name === 'fars' ? 'far' : 'fpir'} ≤ 1`;
    throw new OptionOutOfRangeError(`${name}[${index}]`, rate, expected, 'ask for rates such as 1e-3.');
  }
}

/** The smallest n with 1/n ≤ far in float64; 1/far alone may round to the wrong side of a whole number. */
export function smallestCount(far: number): number {
  let count = Math.max(1, Math.round(1 / far));
  while (1 / count > far) count++;
  return count;
}
