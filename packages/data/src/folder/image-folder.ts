import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { DataFolderError } from '../errors.ts';
import { EMPTY_FILE, imageFormat, notAnImage, SIGNATURE_BYTES } from '../image/signature.ts';
import { mapLimited } from '../map-limited.ts';
import { byCodeUnits } from '../order.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import { readFailure, rootFailure } from '../read-failure.ts';
import { notAFile } from '../source/kind-of-file.ts';
import { readSpan } from '../source/read-span.ts';

/** One person and the pictures of them. */
export interface ImageIdentity {
  /** The folder's name, in Unicode normal form C. */
  readonly name: string;
  /** Paths that start with the root as it was given, sorted by code units. */
  readonly files: readonly string[];
}

/** A folder of pictures, one folder an identity. */
export interface ImageFolder {
  readonly root: string;
  /** Sorted by name in code units, so in the same order on every machine; each has a picture at least. */
  readonly identities: readonly ImageIdentity[];
  /** What was left out, and why, sorted by path. */
  readonly problems: readonly ImageProblem[];
}

interface IdentityFolder extends ImageIdentity {
  readonly path: string;
  readonly problems: readonly ImageProblem[];
}

const FOLDERS_AT_A_TIME = 16;
const LAYOUT = 'check the path; the layout is <root>/<identity>/<picture>.jpg.';
/** Left by file managers, systems and storage boxes; neither pictures nor people nor worth a word. */
export const CLUTTER: ReadonlySet<string> = new Set([
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  'icon\r',
  '@eadir',
  '@recycle',
  '#recycle',
  '#snapshot',
  '__macosx',
  '$recycle.bin',
  'recycler',
  'system volume information',
  'lost+found',
]);

const OPTIONS: OptionNames<{ readonly strict?: boolean }> = { strict: true };

/**
 * Reads which pictures of which identities a folder holds: `<root>/<identity>/<picture>`.
 *
 * A picture is told by its first bytes (JPEG, PNG, WebP, AVIF, BMP), whatever its name; its pixels are not decoded yet.
 * Hidden files and file managers' clutter are passed over in silence, and so are files beside the identity
 * folders that are no pictures (a README, a list). Everything else that is left out is a problem. Links are
 * followed. Names that differ only in their Unicode form are one identity.
 *
 * @param options with `strict`, files in identity folders that are no pictures are listed as if they were, so that
 * loading stops at the first.
 * @throws DataFolderError when the root is missing, is no folder, can't be read, or holds no picture.
 */
export async function scanImageFolder(
  root: string,
  options: { readonly strict?: boolean } = {},
): Promise<ImageFolder> {
  requireKnownOptions('scanImageFolder', options, OPTIONS);
  const { strict = false } = options;
  const entries = await readRoot(root);
  const problems: ImageProblem[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const path = join(root, entry.name);
    const kind = await kindOf(entry, path);
    if (kind === 'folder') folders.push(entry.name);
    else if (kind === 'file' && typeof (await inspect(path)) === 'string') {
      problems.push(
        imageProblem('image outside an identity', path, 'the picture lies in no identity folder'),
      );
    } else if (kind === 'broken')
      problems.push(imageProblem('unreadable folder', path, 'the link leads nowhere'));
    else if (kind !== 'file') problems.push(imageProblem('not an image', path, kind.fault));
  }
  const read = await mapLimited(folders, FOLDERS_AT_A_TIME, (name) => readIdentity(root, name, strict));
  const identities = mergeByName(read, problems);
  problems.sort((a, b) => byCodeUnits(a.path, b.path));
  if (identities.length === 0) throw emptyFolder(root, folders.length, problems);
  return { root, identities, problems };
}

async function readRoot(root: string): Promise<Dirent[]> {
  const expected = 'a folder with one folder of pictures an identity';
  try {
    if (!(await stat(root)).isDirectory()) {
      throw new DataFolderError(root, `'${root}' is not a folder`, expected, LAYOUT);
    }
    return await readEntries(root);
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(root, rootFailure(root, error), expected, LAYOUT, error);
  }
}

function emptyFolder(root: string, folders: number, problems: readonly ImageProblem[]): DataFolderError {
  const first = problems[0] === undefined ? '' : `; first problem: ${problems[0].message}`;
  const given =
    folders === 0
      ? 'no identity folder'
      : `no picture in ${folders} identity folder${folders === 1 ? '' : 's'}`;
  return new DataFolderError(
    root,
    `'${root}' holds ${given}${first}`,
    'one folder of pictures an identity',
    LAYOUT,
  );
}

/** The visible entries, sorted. */
async function readEntries(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter(({ name }) => !name.startsWith('.') && !CLUTTER.has(name.toLowerCase()))
    .sort((a, b) => byCodeUnits(a.name, b.name));
}

async function readIdentity(root: string, folder: string, strict: boolean): Promise<IdentityFolder> {
  const path = join(root, folder);
  const name = folder.normalize('NFC');
  const files: string[] = [];
  const problems: ImageProblem[] = [];
  let entries: Dirent[];
  try {
    entries = await readEntries(path);
  } catch (error) {
    return { name, path, files, problems: [imageProblem('unreadable folder', path, readFailure(error))] };
  }
  for (const entry of entries) {
    const file = join(path, entry.name);
    const kind = await kindOf(entry, file);
    if (kind === 'folder') {
      problems.push(
        imageProblem('nested folder', file, 'pictures must lie directly in their identity folder'),
      );
    } else if (kind === 'broken' || kind === 'file') {
      const found =
        kind === 'broken'
          ? imageProblem('unreadable image', file, 'the link leads nowhere')
          : await inspect(file);
      if (strict || typeof found === 'string') files.push(file);
      else problems.push(found);
    } else if (strict) {
      files.push(file);
    } else {
      problems.push(imageProblem('not an image', file, kind.fault));
    }
  }
  if (files.length === 0) {
    problems.unshift(imageProblem('identity without image', path, 'the identity has no readable picture'));
  }
  return { name, path, files, problems };
}

/** What an entry is, or why what it is (such as a pipe) is never opened. */
async function kindOf(
  entry: Dirent,
  path: string,
): Promise<'folder' | 'file' | 'broken' | { readonly fault: string }> {
  if (entry.isDirectory()) return 'folder';
  if (entry.isFile()) return 'file';
  try {
    const target = await stat(path);
    if (target.isDirectory()) return 'folder';
    const fault = notAFile(target);
    return fault === undefined ? 'file' : { fault };
  } catch {
    return 'broken';
  }
}

/** The format of a picture, or what is wrong with the file. */
async function inspect(file: string): Promise<string | ImageProblem> {
  try {
    const head = await readSpan(file, 0, SIGNATURE_BYTES);
    if (head.length === 0) return imageProblem('unreadable image', file, EMPTY_FILE);
    return imageFormat(head) ?? imageProblem('not an image', file, notAnImage(head));
  } catch (error) {
    return imageProblem('unreadable image', file, readFailure(error));
  }
}

/** Collects identities by name and appends to `problems` what was found. */
function mergeByName(folders: readonly IdentityFolder[], problems: ImageProblem[]): ImageIdentity[] {
  const byName = new Map<string, string[]>();
  for (const { name, path, files, problems: found } of folders) {
    problems.push(...found);
    const known = byName.get(name);
    if (known === undefined) {
      if (files.length > 0) byName.set(name, [...files]);
    } else {
      const reason = `'${name}' exists in two Unicode forms; their pictures count as one identity`;
      problems.push(imageProblem('same name twice', path, reason));
      known.push(...files);
    }
  }
  return [...byName]
    .map(([name, files]) => ({ name, files: files.sort(byCodeUnits) }))
    .sort((a, b) => byCodeUnits(a.name, b.name));
}
