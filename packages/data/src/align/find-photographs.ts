import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolderError } from '../errors.ts';
import { CLUTTER } from '../folder/image-folder.ts';
import { byCodeUnits } from '../order.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import { readFailure, rootFailure } from '../read-failure.ts';
import { notAFile } from '../source/kind-of-file.ts';

/** A file that may be a photograph. */
export interface PhotographFile {
  /** Below the folder, with `/` between names. */
  readonly path: string;
  readonly bytes: number;
  /** When it was changed last, ms since 1970. */
  readonly changed: number;
}

/** What lies among photographs and is none; other files are tried, whatever their name. */
const OTHER_FILES =
  /\.(txt|csv|tsv|json|jsonl|xml|html?|md|pdf|zip|mp[34]|mov|avi|aae|xmp|ini|db|log|npy|bin|rec|idx|lst|pickle|pkl)$/i;

/**
 * All files of a folder and the folders in it, however deep, that may be photographs, sorted by path in code units.
 * Hidden files, file managers' clutter and files whose name says that they are texts or films are passed over.
 *
 * @throws DataFolderError where the folder can't be read
 */
export async function findPhotographs(
  root: string,
): Promise<{ readonly files: readonly PhotographFile[]; readonly problems: readonly ImageProblem[] }> {
  const files: PhotographFile[] = [];
  const problems: ImageProblem[] = [];
  const seen = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    const folder = path === '' ? root : join(root, path);
    // A link to a folder above would go round for ever.
    const real = await realpath(folder);
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || CLUTTER.has(entry.name.toLowerCase())) continue;
      await visitEntry(entry, path === '' ? entry.name : `${path}/${entry.name}`);
    }
  };
  const visitEntry = async (entry: Dirent, path: string): Promise<void> => {
    const full = join(root, path);
    try {
      if (entry.isDirectory()) return await visit(path);
      const found = await stat(full);
      if (found.isDirectory()) return await visit(path);
      if (OTHER_FILES.test(entry.name)) return;
      const fault = notAFile(found);
      if (fault === undefined) files.push({ path, bytes: found.size, changed: found.mtimeMs });
      else problems.push(imageProblem('not an image', full, fault));
    } catch (error) {
      const kind = entry.isDirectory() ? 'unreadable folder' : 'unreadable image';
      problems.push(imageProblem(kind, full, readFailure(error)));
    }
  };
  const layout = 'check the path; photographs may lie in folders, one a person, however deep.';
  try {
    if (!(await stat(root)).isDirectory())
      throw new DataFolderError(root, `'${root}' is not a folder`, 'a folder of photographs', layout);
    await visit('');
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(root, rootFailure(root, error), 'a folder of photographs', layout, error);
  }
  files.sort((a, b) => byCodeUnits(a.path, b.path));
  problems.sort((a, b) => byCodeUnits(a.path, b.path));
  return { files, problems };
}

/**
 * Where the crops of photographs go, below the folder for them: a person's folder keeps its name, and the names of folders
 * inside of it become part of the file's, so that every crop lies in its person's folder. `Ann/2019/beach/1.HEIC` becomes
 * `Ann/2019--beach--1.jpg`; where two would be one, the names keep their endings.
 *
 * @returns in the order of the paths
 */
export function cropPaths(paths: readonly string[], extension: string): readonly string[] {
  const plain = paths.map((path) => flattened(path).replace(/\.[^./]{1,5}$/, ''));
  const taken = new Map<string, number>();
  for (const name of plain) taken.set(fold(name), (taken.get(fold(name)) ?? 0) + 1);
  const used = new Set<string>();
  return paths.map((path, index) => {
    let name = taken.get(fold(plain[index]!)) === 1 ? plain[index]! : flattened(path);
    while (used.has(fold(name))) name += '-';
    used.add(fold(name));
    return `${name}.${extension}`;
  });
}

/** Some file systems take names that differ in case, or in their Unicode form, for one. */
function fold(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function flattened(path: string): string {
  const [first, ...rest] = path.split('/');
  return rest.length === 0 ? first! : `${first}/${rest.join('--')}`;
}
