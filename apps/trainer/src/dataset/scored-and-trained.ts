import { dirname } from 'node:path';
import { inspectPictures, type PictureSource } from '@cf/data';
import { withProgress } from '../report/progress.ts';
import type { Dataset } from './dataset.ts';

/** Of more pictures than this those that look alike are not searched for: all would be read once more. */
const MOST_LOOKED_AT = 20_000;
const MOST_NAMED = 3;

/**
 * Warnings where people, or pictures, are scored and trained on: a sentence each. Identities are compared by name, pictures
 * by what they look like, where they are files.
 */
export async function scoredAndTrained(
  { images, labels, names, verification }: Omit<Dataset, 'pairsFrom'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { pairs, folds, scored } = verification;
  const inPairs = new Set(pairs.filter((_, i) => scored.includes(folds[i]!)).flat());
  const trainedNames = new Set(names);
  const scoredNames = new Set([...inPairs].map((index) => dirname(images.name(index))));
  const both = [...scoredNames].filter((name) => trainedNames.has(name)).sort();
  const people =
    both.length === 0
      ? []
      : [
          `warning: ${both.length} of ${scoredNames.size} scored identities are trained on (${some(both)}): their scores say nothing of strangers`,
        ];
  const trained = [...labels.keys()].filter((index) => labels[index]! >= 0);
  const others = [...inPairs].filter((index) => labels[index]! < 0);
  const ofFiles = images.sources[0]?.kind !== 'drawn';
  if (!ofFiles || others.length === 0 || trained.length === 0) return people;
  const count = trained.length + others.length;
  if (count > MOST_LOOKED_AT)
    return [
      ...people,
      `${count} pictures are not searched for those that look alike; cf data inspect does that`,
    ];
  const files = (indices: readonly number[]): PictureSource[] =>
    indices.map((index) => images.sources[index] as PictureSource);
  const groups = [
    { name: 'trained', files: files(trained) },
    { name: 'scored', files: files(others) },
  ];
  const { shared } = await withProgress(
    'looking for pictures that are scored and trained on',
    count,
    'images',
    (update) => inspectPictures(groups, { signal, onProgress: update }),
  );
  const alike = new Map(
    shared.map(
      ({ a, b }) =>
        (a.identity === 'scored' ? [a.picture, b.picture] : [b.picture, a.picture]) as [string, string],
    ),
  );
  if (alike.size === 0) return people;
  const named = [...alike].map(([one, other]) => `${one} like ${other}`);
  return [
    ...people,
    `warning: ${alike.size} scored ${alike.size === 1 ? 'picture is' : 'pictures are'} (nearly) trained on as well: ${some(named)}`,
  ];
}

function some(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}
