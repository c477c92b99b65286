import type { SortedPairs } from '../verification/ranked-scores.ts';
import type { PairUnits } from './pair-units.ts';

/** Sorted pairs of which each is of two units, or of one. */
export interface PairsOfUnits extends SortedPairs {
  /** `[P]` positions of units, both the same where a pair is of one. */
  readonly first: Uint32Array;
  readonly second: Uint32Array;
}

/** The units of pairs in the order of the pairs. @param order - where each sorted pair stands among the units */
export function pairsOfUnits(
  { order, ...pairs }: SortedPairs & { readonly order: Uint32Array },
  { first, second }: PairUnits,
): PairsOfUnits {
  const inOrder = (of: Uint32Array): Uint32Array => order.map((pair) => of[pair]!);
  const sorted = inOrder(first);
  return { ...pairs, first: sorted, second: first === second ? sorted : inOrder(second) };
}

/** Room for {@link resampledPairs}, to be used again and again. */
export interface ResampledRoom {
  readonly score: Float64Array;
  readonly same: Uint8Array;
  readonly fold: Uint32Array;
  readonly times: Uint32Array;
}

export function resampledRoom(pairs: number): ResampledRoom {
  return {
    score: new Float64Array(pairs),
    same: new Uint8Array(pairs),
    fold: new Uint32Array(pairs),
    times: new Uint32Array(pairs),
  };
}

/**
 * The pairs that a draw leaves, each as often as both its units were drawn; still sorted.
 *
 * @param drawn - how often each unit was.
 * @param room - arrays to fill.
 */
export function resampledPairs(pairs: PairsOfUnits, drawn: Uint32Array, room: ResampledRoom): SortedPairs {
  const { first, second, score, same, fold, foldNumbers } = pairs;
  let kept = 0;
  for (let i = 0; i < first.length; i++) {
    const [a, b] = [first[i]!, second[i]!];
    const times = a === b ? drawn[a]! : drawn[a]! * drawn[b]!;
    if (times === 0) continue;
    room.score[kept] = score[i]!;
    room.same[kept] = same[i]!;
    room.fold[kept] = fold[i]!;
    room.times[kept] = times;
    kept++;
  }
  return {
    score: room.score.subarray(0, kept),
    same: room.same.subarray(0, kept),
    fold: room.fold.subarray(0, kept),
    times: room.times.subarray(0, kept),
    foldNumbers,
  };
}
