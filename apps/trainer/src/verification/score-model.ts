import { sumWithMirror } from '@cf/eval';
import { readablePairs, type VerificationPairs } from '../dataset/verification-pairs.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import { embedAll, type LinearEmbedding } from '../model/linear-embedding.ts';
import type { TrainingFit } from '../training/training-fit.ts';
import { type PairResult, scorePairs } from './score-pairs.ts';

/** One scored model. */
export interface NamedResult {
  readonly name: string;
  readonly result: PairResult;
  /** How well it fitted its training labels, for models that were trained here. */
  readonly fit?: TrainingFit | undefined;
}

/**
 * Scores an embedding on single pictures and, where the table has mirror images, on the sum of both.
 *
 * @param embedding undefined scores the features by themselves.
 */
export function scoreModel(
  name: string,
  embedding: LinearEmbedding | undefined,
  table: FeatureTable,
  verification: VerificationPairs,
  fit?: TrainingFit,
): NamedResult[] {
  const pairs = readablePairs(verification, table.indices);
  const dim = embedding?.outputDim ?? table.dim;
  const embed = (rows: Float32Array): Float32Array =>
    embedding === undefined ? rows : embedAll(embedding, rows);
  const single = embed(table.rows);
  const results = [{ name, fit, result: scorePairs(single, dim, pairs) }];
  if (table.mirrored !== undefined) {
    const summed = sumWithMirror(single, embed(table.mirrored));
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
