import { cutThreshold } from './cut.ts';
import type { RankedScores } from './ranked-scores.ts';
import { requiredPairs } from './threshold-at-far.ts';

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
  const { impostorPairs } = ranked;
  return fars.map((far, index) => {
    const required = requiredPairs(`fars[${index}]`, far);
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
