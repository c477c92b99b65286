import type { CheckedPairs } from './labelled-pairs.ts';

/** Pairs grouped by score, the highest score first: all that ROC, AUC, EER and thresholds depend on. */
export interface RankedScores {
  /** `[G]` distinct scores, strictly falling. */
  readonly score: Float64Array;
  /** `[G]` genuine pairs with this score. */
  readonly genuine: Uint32Array;
  /** `[G]` impostor pairs with this score. */
  readonly impostor: Uint32Array;
  readonly genuinePairs: number;
  readonly impostorPairs: number;
}

/** Indices of the pairs from the highest to the lowest score. */
export function descendingOrder(scores: Float64Array): Uint32Array {
  return Uint32Array.from(scores, (_, index) => index).sort((a, b) => scores[b]! - scores[a]!);
}

/**
 * Groups pairs of equal score.
 *
 * @param order - from {@link descendingOrder}.
 * @param keep - which pairs to count; all if left out.
 */
export function rankScores(
  pairs: CheckedPairs,
  order: Uint32Array,
  keep?: (index: number) => boolean,
): RankedScores {
  const score = new Float64Array(order.length);
  const genuine = new Uint32Array(order.length);
  const impostor = new Uint32Array(order.length);
  let groups = 0;
  let genuinePairs = 0;
  let impostorPairs = 0;
  for (const index of order) {
    if (keep !== undefined && !keep(index)) continue;
    const value = pairs.scores[index]!;
    if (groups === 0 || score[groups - 1] !== value) score[groups++] = value;
    if (pairs.same[index] === 1) {
      genuine[groups - 1]! += 1;
      genuinePairs++;
    } else {
      impostor[groups - 1]! += 1;
      impostorPairs++;
    }
  }
  return {
    score: score.subarray(0, groups),
    genuine: genuine.subarray(0, groups),
    impostor: impostor.subarray(0, groups),
    genuinePairs,
    impostorPairs,
  };
}
