import { areaUnderRoc } from '../verification/area-under-roc.ts';
import { bestThresholdOf } from '../verification/best-threshold.ts';
import { equalErrorRate } from '../verification/equal-error-rate.ts';
import { fittingPairs, scoreFolds } from '../verification/fold-accuracy.ts';
import { type RankOptions, rankScores, type SortedPairs } from '../verification/ranked-scores.ts';
import { highestTar } from '../verification/tar-at-far.ts';

/** What one resample of the pairs gives for one model. */
export interface VerificationFigures {
  /** Null where the other folds lack genuine or impostor pairs. */
  readonly accuracy: number | null;
  readonly auc: number;
  readonly eer: number;
  /** Highest TAR at each FAR that was asked for. */
  readonly tar: readonly number[];
}

/** What is computed of each resample. */
export interface FiguresOptions extends Pick<RankOptions, 'into'> {
  /** 1 for each fold, by position, whose pairs count; the others choose thresholds alone. */
  readonly scored: Uint8Array;
  readonly fars: readonly number[];
}

/** The figures of `verify`, of pairs that may count several times; undefined without a genuine or an impostor pair. */
export function verificationFigures(
  pairs: SortedPairs,
  { scored, fars, into }: FiguresOptions,
): VerificationFigures | undefined {
  const folds = scored.includes(0) ? scored : undefined;
  const ranked = rankScores(pairs, { folds, into });
  if (ranked.genuinePairs === 0 || ranked.impostorPairs === 0) return undefined;
  const figures = {
    auc: areaUnderRoc(ranked),
    eer: equalErrorRate(ranked),
    tar: fars.map((far) => highestTar(ranked, far).tar),
  };
  return { ...figures, accuracy: accuracyOf(pairs, scored, { into }) };
}

/** Mean over the scored folds that any pair is left of, each at the threshold of all other folds. */
function accuracyOf(pairs: SortedPairs, scored: Uint8Array, options: RankOptions): number | null {
  const thresholds: number[] = [];
  for (const fold of scored.keys()) {
    if (scored[fold] === 0) {
      thresholds.push(Number.NaN);
      continue;
    }
    const fitting = fittingPairs(pairs, fold, options);
    if (fitting.genuinePairs === 0 || fitting.impostorPairs === 0) return null;
    thresholds.push(bestThresholdOf(fitting).threshold);
  }
  const results = scoreFolds(pairs, thresholds).filter(
    (result, fold) => scored[fold] === 1 && result.pairs > 0,
  );
  return results.reduce((sum, { correct, pairs: members }) => sum + correct / members, 0) / results.length;
}
