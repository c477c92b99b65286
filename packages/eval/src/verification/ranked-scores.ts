import { descendingOrder } from './descending-order.ts';
import type { CheckedPairs } from './labelled-pairs.ts';

/** Pairs in falling order of their scores; equal scores in the order in which they were given. */
export interface SortedPairs {
  /** `[P]`. */
  readonly score: Float64Array;
  /** `[P]`, 1 for genuine, 0 for impostor. */
  readonly same: Uint8Array;
  /** `[P]`, position of the pair's fold in `foldNumbers`. */
  readonly fold: Uint32Array;
  /** Distinct folds, rising. */
  readonly foldNumbers: readonly number[];
  /** `[P]`, the position that each pair was given at. */
  readonly order: Uint32Array;
}

/** How often each pair counts: as often as both units that it is of were drawn. */
export interface PairMultiplicity {
  /** `[P]`, in the order of the sorted pairs; both the same where a pair is of one unit. */
  readonly first: Uint32Array;
  readonly second: Uint32Array;
  /** How often each unit was drawn. */
  readonly drawn: Uint32Array;
}

/** Which pairs are ranked. */
export interface RankOptions {
  /** 1 for each fold, by position, whose pairs are ranked; all if left out. */
  readonly folds?: Uint8Array | undefined;
  /** Once each if left out. */
  readonly multiplicity?: PairMultiplicity | undefined;
  /** Arrays to fill, `[P]` each; new ones if left out. */
  readonly into?: RankedGroups | undefined;
}

/** Counts of each distinct score. */
export interface RankedGroups {
  /** `[G]` distinct scores, strictly falling. */
  readonly score: Float64Array;
  /** `[G]` genuine pairs with this score. */
  readonly genuine: Uint32Array;
  /** `[G]` impostor pairs with this score. */
  readonly impostor: Uint32Array;
}

/** Pairs grouped by score, the highest score first: all that ROC, AUC, EER and thresholds depend on. */
export interface RankedScores extends RankedGroups {
  readonly genuinePairs: number;
  readonly impostorPairs: number;
}

/** Sorts pairs once for everything that is read off them. @param folds - `[P]`; one fold if left out */
export function sortPairs({ scores, same }: CheckedPairs, folds?: Float64Array): SortedPairs {
  const order = descendingOrder(scores);
  const foldNumbers = folds === undefined ? [0] : [...new Set(folds)].sort((a, b) => a - b);
  const fold = new Uint32Array(order.length);
  if (folds !== undefined && foldNumbers.length > 1) {
    const position = new Map(foldNumbers.map((number, at) => [number, at]));
    for (let i = 0; i < order.length; i++) fold[i] = position.get(folds[order[i]!]!)!;
  }
  const score = new Float64Array(order.length);
  const sorted = new Uint8Array(order.length);
  for (let i = 0; i < order.length; i++) {
    score[i] = scores[order[i]!]!;
    sorted[i] = same[order[i]!]!;
  }
  return { score, same: sorted, fold, foldNumbers, order };
}

/** Room for {@link rankScores}, to be used again and again. */
export function rankedGroups(pairs: number): RankedGroups {
  return {
    score: new Float64Array(pairs),
    genuine: new Uint32Array(pairs),
    impostor: new Uint32Array(pairs),
  };
}

/** Groups pairs of equal score; pairs that count no time are as if they were not there. */
export function rankScores(pairs: SortedPairs, options: RankOptions = {}): RankedScores {
  const { folds, multiplicity, into = rankedGroups(pairs.score.length) } = options;
  const { score, genuine, impostor } = into;
  let groups = 0;
  let genuinePairs = 0;
  let impostorPairs = 0;
  for (let i = 0; i < pairs.score.length; i++) {
    if (folds !== undefined && folds[pairs.fold[i]!] === 0) continue;
    const times = multiplicity === undefined ? 1 : timesOf(multiplicity, i);
    if (times === 0) continue;
    const value = pairs.score[i]!;
    if (groups === 0 || score[groups - 1] !== value) {
      score[groups] = value;
      genuine[groups] = 0;
      impostor[groups] = 0;
      groups++;
    }
    if (pairs.same[i] === 1) {
      genuine[groups - 1]! += times;
      genuinePairs += times;
    } else {
      impostor[groups - 1]! += times;
      impostorPairs += times;
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

/** How often the i-th sorted pair counts. */
export function timesOf({ first, second, drawn }: PairMultiplicity, i: number): number {
  const [a, b] = [first[i]!, second[i]!];
  return a === b ? drawn[a]! : drawn[a]! * drawn[b]!;
}
