import { dirname } from 'node:path';
import type { Dataset } from '../dataset/dataset.ts';
import { identitiesOfPairs, readablePairs } from '../dataset/verification-pairs.ts';
import { RunFolderError } from '../errors.ts';
import type { NamedResult } from '../report/score-model.ts';
import { type RunFolder, readJson } from './run-folder.ts';

/** pair-scores.json: the trained model's scores of all pairs, to compare it with others on the same ones. */
export interface PairScores {
  /** Names of the two pictures of each pair: [P]. */
  readonly pairs: readonly (readonly [string, string])[];
  readonly same: readonly boolean[];
  readonly folds: readonly number[];
  /** Folds that count; the others choose thresholds alone. */
  readonly scored: readonly number[];
  /** By the name of the result, `trained` or `trained, flipped`: [P] each. */
  readonly scores: Readonly<Record<string, readonly number[]>>;
}

/** Keeps the scores of the trained model. @throws OutputError */
export async function writePairScores(
  run: RunFolder,
  { images, verification }: Pick<Dataset, 'images' | 'verification'>,
  results: readonly NamedResult[],
): Promise<void> {
  const { embeddings } = results[0]!;
  if (embeddings === undefined) return;
  const { indices } = embeddings;
  const { pairs, same, folds, scored } = readablePairs(verification, indices);
  const name = (row: number): string => images.name(indices[row]!);
  const trained = results.filter((one) => TRAINED.includes(one.name));
  const kept: PairScores = {
    pairs: pairs.map(([a, b]) => [name(a), name(b)]),
    same,
    folds,
    scored,
    scores: Object.fromEntries(trained.map((one) => [one.name, Array.from(one.result.scores)])),
  };
  await run.writeText('pairScores', `${JSON.stringify(kept)}\n`);
}

/** What the results of a trained model are called; the last one that there is counts. */
export const TRAINED: readonly string[] = ['trained', 'trained, flipped'];

/** Undefined where the run was made before scores were kept. @throws RunFolderError */
export async function readPairScores(run: RunFolder): Promise<PairScores | undefined> {
  if (!(await run.has('pairScores'))) return undefined;
  const path = run.file('pairScores');
  const kept = (await readJson(path)) as Partial<PairScores> | null;
  const { pairs, same, folds, scores } = kept ?? {};
  const lists = [same, folds, ...Object.values(scores ?? {})];
  if (Array.isArray(pairs) && scores !== undefined && lists.every((list) => list?.length === pairs.length))
    return kept as PairScores;
  throw new RunFolderError(`'${path}'`, 'the scores that a training wrote', 'train the run anew.');
}

/** Who is on the pictures of each pair, by their folders; undefined where these say other than the pairs do. */
export function identitiesOf(
  scores: Pick<PairScores, 'pairs' | 'same'>,
): readonly (readonly [string, string])[] | undefined {
  return identitiesOfPairs(scores, dirname);
}
