import { OptionOutOfRangeError } from '@cf/core';
import type { RocPoint } from './roc.ts';

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
export const DEFAULT_FARS: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4];

/**
 * TAR at each FAR, read off the ROC without interpolation.
 *
 * With fewer than 1/FAR impostor pairs a single false accept would already exceed the FAR; such a TAR would claim a
 * precision that the pairs do not have, so none is given.
 *
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) unless 0 < FAR ≤ 1.
 */
export function tarAtFars(
  roc: readonly RocPoint[],
  impostorPairs: number,
  fars: readonly number[],
): TarAtFar[] {
  return fars.map((far, index) => {
    if (!(far > 0 && far <= 1)) {
      throw new OptionOutOfRangeError(`fars[${index}]`, far, '0 < far ≤ 1', 'ask for rates such as 1e-3.');
    }
    const required = smallestCount(far);
    if (impostorPairs < required) {
      return { far, tar: null, threshold: null, status: 'too few impostor pairs', impostorPairs, required };
    }
    // The ROC rises, so the last point at or under the FAR has the highest TAR.
    const point = roc.findLast((candidate) => candidate.far <= far)!;
    return { far, tar: point.tar, threshold: point.threshold, status: 'ok', impostorPairs, required };
  });
}

/** The smallest n with 1/n ≤ far in float64; 1/far alone may round to the wrong side of a whole number. */
function smallestCount(far: number): number {
  let count = Math.max(1, Math.round(1 / far));
  while (1 / count > far) count++;
  return count;
}
