import { dirname } from 'node:path';
import { z } from 'zod';
import type { Dataset } from '../dataset/dataset.ts';
import { identitiesOfPairs, readablePairs } from '../dataset/verification-pairs.ts';
import type { NamedResult } from '../report/score-model.ts';
import { readKept } from './json-file.ts';
import type { RunFolder } from './run-folder.ts';

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
  return readKept(run.file('pairScores'), {
    schema: PAIR_SCORES,
    expected: 'the scores that a training wrote',
    fix: 'train the run anew.',
  });
}

const numbers = z.array(z.number());
const PAIR_SCORES = z
  .object({
    pairs: z.array(z.tuple([z.string(), z.string()])),
    same: z.array(z.boolean()),
    folds: numbers,
    scored: numbers,
    scores: z.record(z.string(), numbers),
  })
  .refine(
    ({ pairs, same, folds, scores }) =>
      [same, folds, ...Object.values(scores)].every(({ length }) => length === pairs.length),
    'lists of other lengths than pairs',
  );

/** Who is on the pictures of each pair, by their folders; undefined where these say other than the pairs do. */
export function identitiesOf(
  scores: Pick<PairScores, 'pairs' | 'same'>,
): readonly (readonly [string, string])[] | undefined {
  return identitiesOfPairs(scores, dirname);
}
