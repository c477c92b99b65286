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

/** From (0, 0) to (1, 1), one point a distinct score: pairs of equal score are accepted together. */
export function rocCurve(ranked: RankedScores): RocPoint[] {
  const { score, genuine, impostor, genuinePairs, impostorPairs } = ranked;
  const points: RocPoint[] = [{ far: 0, tar: 0, threshold: cutThreshold(score, -1) }];
  let falseAccepts = 0;
  let trueAccepts = 0;
  for (let cut = 0; cut < score.length; cut++) {
    falseAccepts += impostor[cut]!;
    trueAccepts += genuine[cut]!;
    points.push({
      far: falseAccepts / impostorPairs,
      tar: trueAccepts / genuinePairs,
      threshold: cutThreshold(score, cut),
    });
  }
  return points;
}
