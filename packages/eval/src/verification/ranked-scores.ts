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
  /** `[P]`, how often each pair counts, at least once; once each if left out. */
  readonly times?: Uint32Array | undefined;
}

/** Which pairs are ranked. */
export interface RankOptions {
  /** 1 for each fold, by position, whose pairs are ranked; all if left out. */
  readonly folds?: Uint8Array | undefined;
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
export function sortPairs(
  { scores, same }: CheckedPairs,
  folds?: Float64Array,
): SortedPairs & {
  /** `[P]`, the position that each pair was given at. */
  readonly order: Uint32Array;
} {
  const order = descendingOrder(scores);
  const foldNumbers = folds === undefined ? [0] : [...new Set(folds)].sort((a, b) => a - b);
  const position = new Map(foldNumbers.map((number, at) => [number, at]));
  const score = new Float64Array(order.length);
  const sorted = new Uint8Array(order.length);
  const fold = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const pair = order[i]!;
    score[i] = scores[pair]!;
    sorted[i] = same[pair]!;
    if (folds !== undefined) fold[i] = position.get(folds[pair]!)!;
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

/** Groups pairs of equal score. */
export function rankScores(pairs: SortedPairs, options: RankOptions = {}): RankedScores {
  const { score: scores, same, fold, times } = pairs;
  const { folds, into = rankedGroups(scores.length) } = options;
  const { score, genuine, impostor } = into;
  let group = -1;
  let last = Number.NaN;
  let genuinePairs = 0;
  let impostorPairs = 0;
  for (let i = 0; i < scores.length; i++) {
    if (folds !== undefined && folds[fold[i]!] === 0) continue;
    const value = scores[i]!;
    if (value !== last) {
      group++;
      last = value;
      score[group] = value;
      genuine[group] = 0;
      impostor[group] = 0;
    }
    const count = times === undefined ? 1 : times[i]!;
    if (same[i] === 1) {
      genuine[group]! += count;
      genuinePairs += count;
    } else {
      impostor[group]! += count;
      impostorPairs += count;
    }
  }
  return {
    score: score.subarray(0, group + 1),
    genuine: genuine.subarray(0, group + 1),
    impostor: impostor.subarray(0, group + 1),
    genuinePairs,
    impostorPairs,
  };
}
