import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolderError, type PictureSource } from '@cf/data';
import {
  type EmbeddedPicture,
  openCollection,
  type PictureCollection,
  readVerificationSet,
} from '@cf/data/node';
import { cropsIn } from '../dataset/aligned-data.ts';
import { fileImages, type LoadOptions } from '../dataset/image-source.ts';
import { beginsAsSet } from '../dataset/pairs-file.ts';

/** Pictures to embed. */
export interface FoundPictures {
  readonly sources: readonly (string | PictureSource)[];
  /** Name and identity of each, in the same order. */
  readonly pictures: readonly EmbeddedPicture[];
}

/** How {@link findPictures} looks. */
export interface FindOptions extends LoadOptions {
  /** Photographs: crops of their faces are made first, in a folder beside them; crops of `cf data align` are taken as they are. */
  readonly align: boolean;
  readonly say: (line: string) => void;
}

/**
 * Finds the pictures of a folder, a pack, a list or a verification set; nothing is decoded. In a folder of pictures alone,
 * and in a set, nobody is named.
 *
 * @throws DataFolderError, RecordFileError, ManifestError, VerificationSetError
 */
export async function findPictures(data: string, options: FindOptions): Promise<FoundPictures> {
  const root = options.align && !(await areCrops(data)) ? await cropsIn(data, options) : data;
  if (await beginsAsSet(root)) {
    const { pairs } = await readVerificationSet(root);
    return named(
      pairs.flatMap(({ a, b }) => [
        { source: a, identity: '' },
        { source: b, identity: '' },
      ]),
    );
  }
  const { identities, scored, problems, notes } = await collectionOf(root, options.strict);
  for (const problem of problems) options.onProblem(problem);
  for (const note of notes) options.say(note);
  return named(
    [...identities, ...(scored?.identities ?? [])].flatMap(({ name, files }) =>
      files.map((source) => ({ source, identity: name })),
    ),
  );
}

/** Whether `cf data align` has made a folder: its pictures are crops already. */
async function areCrops(data: string): Promise<boolean> {
  return (await stat(join(data, '.align')).catch(() => undefined))?.isDirectory() === true;
}

type Found = Pick<PictureCollection, 'identities' | 'scored' | 'problems' | 'notes'>;

/** A collection of people, or a folder of pictures that are of nobody in particular. */
async function collectionOf(root: string, strict: boolean): Promise<Found> {
  try {
    return await openCollection(root, { strict });
  } catch (error) {
    const files = error instanceof DataFolderError ? await picturesIn(root) : [];
    if (files.length === 0) throw error;
    return { identities: [{ name: '', files }], problems: [], notes: [] };
  }
}

const PICTURE = /\.(jpe?g|png|webp|avif|bmp)$/i;

async function picturesIn(root: string): Promise<readonly string[]> {
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) return [];
  const entries = await readdir(root);
  return entries
    .filter((name) => !name.startsWith('.') && PICTURE.test(name))
    .sort()
    .map((name) => join(root, name));
}

function named(
  found: readonly { readonly source: string | PictureSource; readonly identity: string }[],
): FoundPictures {
  const sources = found.map(({ source }) => source);
  const images = fileImages(sources);
  return {
    sources,
    pictures: found.map(({ identity }, index) => ({ picture: images.name(index), identity })),
  };
}
