import type { RankedScores } from './ranked-scores.ts';

/**
 * Area under the ROC, in [0, 1]: the probability that a genuine pair scores higher than an impostor pair, ties counted half.
 *
 * This is the Mann–Whitney statistic U / (genuine × impostor), counted in whole numbers.
 */
export function areaUnderRoc(ranked: RankedScores): number {
  let genuineAbove = 0;
  let twiceWins = 0;
  for (let g = 0; g < ranked.score.length; g++) {
    twiceWins += ranked.impostor[g]! * (2 * genuineAbove + ranked.genuine[g]!);
    genuineAbove += ranked.genuine[g]!;
  }
  return twiceWins / (2 * ranked.genuinePairs * ranked.impostorPairs);
}
