import { cutThreshold } from './cut.ts';
import type { RankedScores } from './ranked-scores.ts';

/** One point of a receiver operating characteristic. */
export interface RocPoint {
  /** False accept rate: impostor pairs accepted / impostor pairs. */
  readonly far: number;
  /** True accept rate: genuine pairs accepted / genuine pairs. */
  readonly tar: number;
  /** A pair is accepted when its score ≥ threshold; this threshold gives exactly this point. */
  readonly threshold: number;
}

/** Which points of the curve are made. */
export type RocPoints = 'all' | 'corners';

/**
 * From (0, 0) to (1, 1), one point a distinct score: pairs of equal score are accepted together.
 *
 * With `corners`, points on the upright and level stretches between others are left out: the curve is the same, and it has
 * at most twice as many points as the rarer kind of pairs.
 */
export function rocCurve(ranked: RankedScores, which: RocPoints = 'all'): RocPoint[] {
  const { score, genuine, impostor, genuinePairs, impostorPairs } = ranked;
  const points: RocPoint[] = [{ far: 0, tar: 0, threshold: cutThreshold(score, -1) }];
  let falseAccepts = 0;
  let trueAccepts = 0;
  for (let cut = 0; cut < score.length; cut++) {
    falseAccepts += impostor[cut]!;
    trueAccepts += genuine[cut]!;
    if (which === 'corners' && cut + 1 < score.length) {
      const isUpright = impostor[cut] === 0 && impostor[cut + 1] === 0;
      const isLevel = genuine[cut] === 0 && genuine[cut + 1] === 0;
      if (isUpright || isLevel) continue;
    }
    points.push({
      far: falseAccepts / impostorPairs,
      tar: trueAccepts / genuinePairs,
      threshold: cutThreshold(score, cut),
    });
  }
  return points;
}
