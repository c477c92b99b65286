import { z } from 'zod';
import { UsageError } from '../errors.ts';
import { parseJson } from '../run/json-file.ts';
import { readGiven } from '../settings/read-given.ts';
import type { Dataset } from './dataset.ts';

/** A picture that is probably not of the identity that it was trained as: one line of the list, as JSON. */
export interface ListedSuspect {
  /** Folder and name of its file. */
  readonly picture: string;
  readonly identity: string;
  /** To the identity's dominant center, in degrees. */
  readonly angle: number;
  /** The other identity whose dominant center is nearest, and the angle to it in degrees. */
  readonly nearest?: string;
  readonly nearestAngle?: number;
}

const LISTED = z.object({ picture: z.string(), identity: z.string() });

/** The list as the text of its file. */
export function suspectLines(list: readonly ListedSuspect[]): string {
  return list.map((suspect) => `${JSON.stringify(suspect)}\n`).join('');
}

/** Pictures and identities of a list. @throws UsageError if it can't be read, or is none */
async function readSuspects(file: string): Promise<readonly z.output<typeof LISTED>[]> {
  const text = await readGiven('--drop-suspects', file);
  return text.split('\n').flatMap((line, at) => {
    if (line === '') return [];
    const listed = parseJson(LISTED, line);
    if ('value' in listed) return [listed.value];
    throw new UsageError(
      `line ${at + 1} of '${file}' (${listed.matter})`,
      'a picture and its identity, as JSON',
      'take a list that cf data suspects wrote.',
    );
  });
}

/**
 * The same pictures, without those of a list to train on; identities that have none left are gone.
 *
 * @throws UsageError for a list that is not of these pictures and labels, or leaves fewer than two identities
 */
export async function withoutSuspects(dataset: Dataset, file: string | undefined): Promise<Dataset> {
  if (file === undefined) return dataset;
  const { images, names } = dataset;
  const labels = Int32Array.from(dataset.labels);
  const places = new Map([...labels.keys()].map((index) => [images.name(index), index]));
  for (const { picture, identity } of await readSuspects(file)) {
    const index = places.get(picture);
    const label = index === undefined ? -1 : dataset.labels[index]!;
    if (label < 0) throw otherPictures(file, `'${picture}', which is not trained on`);
    if (names[label] !== identity)
      throw otherPictures(file, `'${picture}' as '${identity}', which here is '${names[label]}'`);
    labels[index!] = -1;
  }
  const left = new Set(labels);
  const kept = [...names.keys()].filter((label) => left.has(label));
  if (kept.length < 2) {
    const given = `'${file}', which leaves ${kept.length} ${kept.length === 1 ? 'identity' : 'identities'}`;
    throw new UsageError(given, 'at least 2 to train on', 'list suspects again with a larger --angle.');
  }
  const placeOf = new Map(kept.map((label, place) => [label, place]));
  return {
    ...dataset,
    labels: labels.map((label) => placeOf.get(label) ?? -1),
    names: kept.map((label) => names[label]!),
  };
}

function otherPictures(file: string, given: string): UsageError {
  return new UsageError(
    `'${file}' with ${given}`,
    'a list of the pictures and labels that are trained on',
    'give the flags of pictures and labels that the run of the list had.',
  );
}
