import {
  comparisonsOf,
  intervalsOf,
  type ResampleInput,
  resampleVerification,
  type VerificationComparison,
  type VerificationIntervals,
} from '@cf/eval';
import type { LoadOptions } from '../dataset/image-source.ts';
import { identitiesOfPairs, readablePairs, type VerificationPairs } from '../dataset/verification-pairs.ts';
import { embedImages } from '../embedding/embed-pictures.ts';
import type { EmbeddingModel } from '../embedding/open-model.ts';
import { type FeatureTable, pickImages } from '../features/feature-table.ts';
import { scoreModel } from '../report/score-model.ts';
import type { PairResult } from '../report/score-pairs.ts';
import { drawResamples } from './draw-resamples.ts';
import type { EvaluationSet } from './evaluation-set.ts';
import { type IdentificationResult, runSearches } from './searches.ts';

/** How models are scored. */
export interface EvaluateOptions extends LoadOptions {
  /** Sum the embeddings of picture and mirror image. */
  readonly flip: boolean;
  /** That a network runs on; as many as there are processors by default. */
  readonly threads?: number | undefined;
  /** Of the intervals and tests; 0 for none. */
  readonly resamples: number;
}

/** One model with all that it was scored on. */
export interface ScoredModel {
  readonly name: string;
  readonly pairs?: PairResult;
  readonly intervals?: VerificationIntervals;
  readonly identification?: IdentificationResult;
}

/** What came of all models. */
export interface Evaluation {
  readonly models: readonly ScoredModel[];
  /** Each two of several models. */
  readonly comparisons: readonly VerificationComparison[];
  /** Pairs that lack a readable picture. */
  readonly unscored: number;
}

/** Scores models one after another on the same pairs and searches. @throws the signal's reason */
export async function evaluate(
  models: readonly EmbeddingModel[],
  set: EvaluationSet,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const embedded: FeatureTable[] = [];
  for (const model of models) embedded.push(await embedWith(model, set, options));
  const tables = inAll(embedded);
  const names = models.map(({ name }) => name);
  const { verification, searches } = set;
  const { scored, comparisons, unscored } =
    verification === undefined
      ? { scored: [], comparisons: [], unscored: 0 }
      : await scoreAll(tables, names, verification, set, options);
  const found: IdentificationResult[] = [];
  if (searches !== undefined)
    for (const table of tables) found.push(await runSearches(searches, table, options));
  return {
    models: names.map((name, n) => ({
      name,
      ...scored[n],
      ...(found[n] !== undefined && { identification: found[n] }),
    })),
    comparisons,
    unscored,
  };
}

/** A model's embeddings of what is scored. */
async function embedWith(
  model: EmbeddingModel,
  set: EvaluationSet,
  { flip, threads, ...options }: EvaluateOptions,
): Promise<FeatureTable> {
  return set.gather(await embedImages(model, set.images, { flip, normalise: false, threads }, options));
}

/** What every model could read, so that all are scored on the same. */
function inAll(tables: readonly FeatureTable[]): readonly FeatureTable[] {
  if (tables.length === 1) return tables;
  const known = tables.map(({ indices }) => new Set(indices));
  return tables.map((table) => pickImages(table, (index) => known.every((set) => set.has(index))));
}

type ScoredPairs = Pick<ScoredModel, 'intervals'> & { readonly pairs: PairResult };

async function scoreAll(
  tables: readonly FeatureTable[],
  names: readonly string[],
  verification: VerificationPairs,
  { identityOf }: EvaluationSet,
  { resamples, signal }: EvaluateOptions,
): Promise<Omit<Evaluation, 'models'> & { readonly scored: readonly ScoredPairs[] }> {
  const results = tables.map((table, n) => scoreModel(names[n]!, table, verification)[0]!.result);
  const readable = readablePairs(verification, tables[0]!.indices);
  const unscored = verification.missing + readable.dropped;
  if (resamples === 0) return { scored: results.map((pairs) => ({ pairs })), comparisons: [], unscored };
  const { indices } = tables[0]!;
  const identities = identitiesOfPairs(readable, (row) => identityOf(indices[row]!));
  const input: ResampleInput = {
    models: results.map(({ scores }) => scores),
    same: readable.same,
    folds: readable.folds,
    scoredFolds: readable.scored.filter((fold) => readable.folds.includes(fold)),
    resamples,
    ...(identities === undefined ? { pictures: readable.pairs } : { identities }),
  };
  const prepared = resampleVerification(input);
  const drawn = await drawResamples('intervals', prepared, signal);
  const intervals = intervalsOf(prepared, drawn);
  return {
    scored: results.map((pairs, n) => ({ pairs, intervals: intervals[n]! })),
    comparisons: comparisonsOf(input, prepared, drawn),
    unscored,
  };
}
