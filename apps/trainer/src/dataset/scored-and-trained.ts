import { dirname } from 'node:path';
import type { PictureSource } from '@cf/data';
import { inspectPictures } from '@cf/data/node';
import { z } from 'zod';
import { withProgress } from '../report/progress.ts';
import type { Dataset } from './dataset.ts';
import { listFingerprint } from './image-source.ts';

/** Of more pictures than this those that look alike are not searched for: all would be read once more. */
const MOST_LOOKED_AT = 20_000;
const MOST_NAMED = 3;

/** What a search for pictures that look alike has found: to be kept, for all of them are read for it. */
export const alikePictures = z.object({
  /** Changes when another picture is trained on or scored, or one of them is another file. */
  searched: z.string(),
  /** A scored picture, and one like it that is trained on. */
  alike: z.array(z.tuple([z.string(), z.string()])),
});

export type AlikePictures = z.output<typeof alikePictures>;

/** What is scored and trained on. */
export interface ScoredAndTrained {
  /** A sentence each. */
  readonly warnings: readonly string[];
  /** Where pictures were searched, or would have been: what was found. */
  readonly found?: AlikePictures;
}

/**
 * Warnings where people, or pictures, are scored and trained on. Identities are compared by name, pictures by what they look
 * like, where they are files.
 *
 * @param known of an earlier search, which is not repeated for the same pictures
 */
export async function scoredAndTrained(
  dataset: Omit<Dataset, 'pairsFrom'>,
  signal: AbortSignal,
  known?: AlikePictures,
): Promise<ScoredAndTrained> {
  const { images, labels, names, verification } = dataset;
  const { pairs, folds, scored } = verification;
  const inPairs = new Set(pairs.filter((_, i) => scored.includes(folds[i]!)).flat());
  const people = peopleOfBoth(
    [...inPairs].map((index) => images.name(index)),
    names,
  );
  const trained = [...labels.keys()].filter((index) => labels[index]! >= 0);
  const others = [...inPairs].filter((index) => labels[index]! < 0);
  const ofFiles = images.sources[0]?.kind !== 'drawn';
  if (!ofFiles || others.length === 0 || trained.length === 0) return { warnings: people };
  const count = trained.length + others.length;
  if (count > MOST_LOOKED_AT) {
    const told = `${count} pictures are not searched for those that look alike; cf data inspect does that`;
    return { warnings: [...people, told] };
  }
  const searched = `${trained.length} ${await listFingerprint(images.some([...trained, ...others]))}`;
  const found =
    known?.searched === searched ? known : { searched, alike: await search(images, trained, others, signal) };
  return { warnings: [...people, ...told(found)], found };
}

/** @param pictures that are scored, such as `Ann/Ann_0001.jpg` */
function peopleOfBoth(pictures: readonly string[], names: readonly string[]): readonly string[] {
  const trainedNames = new Set(names);
  const scoredNames = new Set(pictures.map((picture) => dirname(picture)));
  const both = [...scoredNames].filter((name) => trainedNames.has(name)).sort();
  if (both.length === 0) return [];
  return [
    `warning: ${both.length} of ${scoredNames.size} scored identities are trained on (${some(both)}): their scores say nothing of strangers`,
  ];
}

async function search(
  { sources }: Dataset['images'],
  trained: readonly number[],
  others: readonly number[],
  signal: AbortSignal,
): Promise<AlikePictures['alike']> {
  const files = (indices: readonly number[]): PictureSource[] =>
    indices.map((index) => sources[index] as PictureSource);
  const groups = [
    { name: 'trained', files: files(trained) },
    { name: 'scored', files: files(others) },
  ];
  const { shared } = await withProgress(
    'looking for pictures that are scored and trained on',
    trained.length + others.length,
    'images',
    (update) => inspectPictures(groups, { signal, onProgress: update }),
  );
  const alike = shared.map(
    ({ a, b }) =>
      (a.identity === 'scored' ? [a.picture, b.picture] : [b.picture, a.picture]) as [string, string],
  );
  return [...new Map(alike)];
}

function told({ alike }: AlikePictures): readonly string[] {
  if (alike.length === 0) return [];
  const named = alike.map(([one, other]) => `${one} like ${other}`);
  return [
    `warning: ${alike.length} scored ${alike.length === 1 ? 'picture is' : 'pictures are'} (nearly) trained on as well: ${some(named)}`,
  ];
}

function some(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}
