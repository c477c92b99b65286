import { cutGap, cutThreshold } from './cut.ts';
import { checkPairs, type LabelledPairs } from './labelled-pairs.ts';
import { type RankedScores, rankScores, sortPairs } from './ranked-scores.ts';

/** A threshold and what it achieves on the pairs it was chosen on. */
export interface BestThreshold {
  /** A pair is accepted when its score ≥ threshold. */
  readonly threshold: number;
  /** Share of pairs decided rightly, in [0, 1]. */
  readonly accuracy: number;
}

/**
 * The threshold with the highest accuracy on the given pairs, found exactly.
 *
 * Candidates are the midpoints between neighbouring distinct scores, and the two thresholds that accept
 * nothing and everything. Among equally accurate ones the middle of the widest gap wins (it is the least likely
 * to flip on new pairs), then the highest threshold.
 *
 * @throws PairsError (`E_PAIRS`), NonFiniteError (`E_NON_FINITE`) as {@link verify} does.
 */
export function bestThreshold(pairs: LabelledPairs): BestThreshold {
  return bestThresholdOf(rankScores(sortPairs(checkPairs(pairs))));
}

/** {@link bestThreshold} of pairs that are ranked already. */
export function bestThresholdOf(ranked: RankedScores): BestThreshold {
  const { score, genuine, impostor, genuinePairs, impostorPairs } = ranked;
  let correct = impostorPairs;
  let best = { cut: -1, correct, gap: 0 };
  for (let cut = 0; cut < score.length; cut++) {
    correct += genuine[cut]! - impostor[cut]!;
    const gap = cutGap(score, cut);
    if (correct > best.correct || (correct === best.correct && gap > best.gap)) best = { cut, correct, gap };
  }
  return {
    threshold: cutThreshold(score, best.cut),
    accuracy: best.correct / (genuinePairs + impostorPairs),
  };
}
