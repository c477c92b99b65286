import { sumWithMirror } from '@cf/eval';
import { readablePairs, type VerificationPairs } from '../dataset/verification-pairs.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import type { TrainingFit } from '../run/training-fit.ts';
import { type PairResult, scorePairs } from './score-pairs.ts';

/** One scored model. */
export interface NamedResult {
  readonly name: string;
  readonly result: PairResult;
  /** How well it fitted its training labels, for models that were trained here. */
  readonly fit?: TrainingFit | undefined;
  /** Of the scored pictures, where they are trained. */
  readonly embeddings?: FeatureTable | undefined;
}

/** Scores embeddings of single pictures and, where the table has mirror images, the sums of both. */
export function scoreModel(
  name: string,
  table: FeatureTable,
  verification: VerificationPairs,
  fit?: TrainingFit,
): NamedResult[] {
  const pairs = readablePairs(verification, table.indices);
  const { dim, rows, mirrored } = table;
  const embeddings = fit === undefined ? undefined : table;
  const results: NamedResult[] = [{ name, fit, embeddings, result: scorePairs(rows, dim, pairs) }];
  if (mirrored !== undefined) {
    const summed = sumWithMirror(rows, mirrored);
    results.push({ name: `${name}, flipped`, fit, result: scorePairs(summed, dim, pairs) });
  }
  return results;
}

/** Results as JSON, without the points of the curves. */
export function resultsAsJson(results: readonly NamedResult[]): object[] {
  return results.map(({ name, result, fit }) => {
    const { roc: _roc, folds: _folds, ...scoredPairs } = result.report;
    return {
      name,
      accuracy: result.accuracy,
      std: result.std,
      thresholdFrom: result.thresholdFrom,
      ...(fit === undefined ? {} : { trainingFit: fit }),
      scoredPairs,
    };
  });
}
