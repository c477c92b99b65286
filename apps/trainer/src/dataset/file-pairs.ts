import { parseFolds, parsePairs, resolvePairs } from '@cf/data';
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

/** The pairs of a file alone, with the pictures that they use. @param root of an LFW list; others need none */
export async function pairsDataset(
  path: string,
  pairsFolds: string | undefined,
  root: string | undefined,
  policy: ProblemPolicy,
): Promise<Pick<Dataset, 'images' | 'verification'>> {
  const file = await pairsFile(path);
  if ((file.kind === 'whole') === (root !== undefined)) {
    throw root === undefined
      ? new UsageError(
          `--pairs ${path} without --data`,
          'the folder of the pictures that it names',
          'give --data.',
        )
      : new UsageError(
          `--pairs ${path} with --data`,
          'one of them',
          'it says where its pictures are: leave --data out.',
        );
  }
  const list = new ImageList<StoredPicture>(placeOf);
  const verification = await pairsOfFile(file, pairsFolds, root ?? '', list, policy);
  return { images: fileImages(list.images), verification };
}
