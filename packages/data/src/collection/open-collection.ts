import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { DataFolderError } from '../errors.ts';
import { scanImageFolder } from '../folder/image-folder.ts';
import { isManifest } from '../manifest/manifest-format.ts';
import { readManifest } from '../manifest/read-manifest.ts';
import type { ImageProblem } from '../problem.ts';
import { rootFailure } from '../read-failure.ts';
import { isRecordFile, openRecordPack, packNotes } from '../record-io/record-pack.ts';
import type { PictureSource } from '../source/picture-source.ts';
import { readSpan } from '../source/read-span.ts';

/** People and their pictures, wherever they lie. */
export interface PictureCollection {
  /** The folder or file, as it was given. */
  readonly root: string;
  readonly kind: 'folder' | 'pack' | 'list';
  /** People to train on. */
  readonly identities: readonly PictureIdentity[];
  /** People that a list has for scoring; undefined where nothing says so. */
  readonly scored?: { readonly split: string; readonly identities: readonly PictureIdentity[] };
  /** What was left out, and why. */
  readonly problems: readonly ImageProblem[];
  /** How hard pictures are to learn, where a list says so; larger is harder. */
  readonly difficulty: ReadonlyMap<PictureSource, number>;
  /** How much pictures count, where a list says so. */
  readonly weight: ReadonlyMap<PictureSource, number>;
  /** What else is worth a line. */
  readonly notes: readonly string[];
}

/** One person and the pictures of them: paths, or places inside of files. */
export interface PictureIdentity {
  readonly name: string;
  readonly files: readonly (string | PictureSource)[];
}

const EXPECTED =
  'a folder with one folder of pictures an identity, a pack of records (.rec), or a list (.csv, .tsv, .jsonl)';
const FIX = 'check the path; the layout is <root>/<identity>/<picture>.jpg.';
/** What a folder is called by, that holds an InsightFace pack. */
const PACK = 'train.rec';
const NOTHING: ReadonlyMap<PictureSource, number> = new Map();

const OPTIONS: OptionNames<{ readonly strict?: boolean }> = { strict: true };

/**
 * Finds people and pictures in a folder, an InsightFace pack (a file, or a folder with `train.rec`) or a list; nothing is
 * decoded.
 *
 * @param options with `strict`, files that are no pictures are listed as if they were, so that loading stops there.
 * @throws DataFolderError, RecordFileError or ManifestError
 */
export async function openCollection(
  root: string,
  options: { readonly strict?: boolean } = {},
): Promise<PictureCollection> {
  requireKnownOptions('openCollection', options, OPTIONS);
  const found = await stat(root).catch((error: unknown) => {
    throw new DataFolderError(root, rootFailure(root, error), EXPECTED, FIX, error);
  });
  if (found.isFile() && isRecordFile(await readSpan(root, 0, 4))) return packCollection(root, root);
  if (found.isFile() && isManifest(root)) return listCollection(root);
  if (!found.isDirectory()) {
    throw new DataFolderError(root, `'${root}' is not a folder, nor a pack or list`, EXPECTED, FIX);
  }
  const pack = await packIn(root);
  if (pack !== root) return packCollection(root, pack);
  const { identities, problems } = await scanImageFolder(root, options);
  return { ...plain(root), kind: 'folder', identities, problems };
}

/** The pack in a folder that holds one; any other path as it is. */
export async function packIn(path: string): Promise<string> {
  const pack = join(path, PACK);
  const found = await stat(pack).catch(() => undefined);
  return found?.isFile() === true ? pack : path;
}

async function packCollection(root: string, path: string): Promise<PictureCollection> {
  const pack = await openRecordPack(path);
  return { ...plain(root), kind: 'pack', identities: pack.identities, notes: packNotes(pack) };
}

async function listCollection(root: string): Promise<PictureCollection> {
  const { train, scored, scoredSplit, leftOut, difficulty, weight } = await readManifest(root);
  const notes =
    leftOut === 0 ? [] : [`${leftOut} pictures of the split test are left out; validation is scored`];
  return {
    ...plain(root),
    kind: 'list',
    identities: train,
    ...(scored.length > 0 && { scored: { split: scoredSplit, identities: scored } }),
    difficulty,
    weight,
    notes,
  };
}

function plain(
  root: string,
): Pick<PictureCollection, 'root' | 'problems' | 'difficulty' | 'weight' | 'notes'> {
  return { root, problems: [], difficulty: NOTHING, weight: NOTHING, notes: [] };
}
