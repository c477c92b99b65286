import { parseFolds, parsePairs } from '@cf/data';
import { resolvePairs } from '@cf/data/node';
import { UsageError } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { ImageList, placeOf } from './image-list.ts';
import { fileImages, type ProblemPolicy, type StoredPicture } from './image-source.ts';
import { type PairsFile, pairsFile } from './pairs-file.ts';
import type { VerificationPairs } from './verification-pairs.ts';

/** The pairs of a file whose pictures exist; their pictures are added to a list. @param root of an LFW list */
export async function pairsOfFile(
  file: PairsFile,
  pairsFolds: string | undefined,
  root: string,
  list: ImageList<StoredPicture>,
  { onProblem, strict }: ProblemPolicy,
): Promise<VerificationPairs> {
  const found =
    file.kind === 'whole'
      ? { ...file.found, problems: [] }
      : await resolvePairs(parsePairs(file.text, file.path), root, { strict });
  for (const problem of found.problems) onProblem(problem);
  const every = Array.from({ length: found.folds }, (_, i) => i + 1);
  return {
    pairs: found.pairs.map(({ a, b }) => [list.place(a), list.place(b)] as const),
    same: found.pairs.map(({ same }) => same),
    folds: found.pairs.map(({ fold }) => fold + 1),
    scored: pairsFolds === undefined ? every : parseFolds(pairsFolds, found.folds),
    missing: found.problems.length,
  };
}

/** Names pairs, and where an LFW list finds its pictures. */
export interface PairsGiven {
  readonly path: string;
  readonly pairsFolds: string | undefined;
  /** The folder of an LFW list; other files of pairs need none. */
  readonly root: string | undefined;
  /** The folder is for something else as well, so that such a file may stand beside it. */
  readonly isRootShared?: boolean;
}

/** The pairs of a file alone, with the pictures that they use. */
export async function pairsDataset(
  path: string,
  pairsFolds: string | undefined,
  root: string | undefined,
  policy: ProblemPolicy,
): Promise<Pick<Dataset, 'images' | 'verification'>> {
  const list = new ImageList<StoredPicture>(placeOf);
  const verification = await addPairs({ path, pairsFolds, root }, list, policy);
  return { images: fileImages(list.images), verification };
}

/** Adds the pictures of a file of pairs to a list. @throws UsageError without the folder that it needs, or with one that it does not */
export async function addPairs(
  { path, pairsFolds, root, isRootShared = false }: PairsGiven,
  list: ImageList<StoredPicture>,
  policy: ProblemPolicy,
): Promise<VerificationPairs> {
  const file = await pairsFile(path);
  if (root === undefined && file.kind !== 'whole')
    throw new UsageError(
      `--pairs ${path} without --data`,
      'the folder of the pictures that it names',
      'give --data.',
    );
  if (root !== undefined && file.kind === 'whole' && !isRootShared)
    throw new UsageError(
      `--pairs ${path} with --data`,
      'one of them',
      'it says where its pictures are: leave --data out.',
    );
  return pairsOfFile(file, pairsFolds, root ?? '', list, policy);
}
