import type { RankedScores } from './ranked-scores.ts';

/**
 * Equal error rate, in [0, 1]: where the false accept rate equals the false reject rate (1 − TAR).
 *
 * Where no threshold makes them equal, the straight line between the two ROC points around the crossing is taken.
 */
export function equalErrorRate(ranked: RankedScores): number {
  const { genuine, impostor, genuinePairs, impostorPairs } = ranked;
  // FAR − FRR times genuinePairs × impostorPairs: a whole number, so the sign of the difference is exact.
  let difference = -genuinePairs * impostorPairs;
  let falseAccepts = 0;
  for (let g = 0; g < genuine.length; g++) {
    const step = impostor[g]! * genuinePairs + genuine[g]! * impostorPairs;
    if (difference + step >= 0) {
      return (falseAccepts - (difference / step) * impostor[g]!) / impostorPairs;
    }
    difference += step;
    falseAccepts += impostor[g]!;
  }
  // The difference ends at +1 × genuinePairs × impostorPairs; only counts beyond 2⁵³ could round it away from there.
  return 1;
}
