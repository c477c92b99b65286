import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { DataFolderError, PairImageError } from '../errors.ts';
import { mapLimited } from '../map-limited.ts';
import type { ImageProblem } from '../problem.ts';
import { rootFailure } from '../read-failure.ts';
import type { Pair, PairImage, PairList } from './pairs.ts';

/** A pair whose pictures exist. */
export interface ResolvedPair extends Pick<Pair, 'fold' | 'same' | 'line'> {
  /** Path of the first picture, starting with the root as it was given. */
  readonly a: string;
  /** Path of the second picture. */
  readonly b: string;
}

/** The pairs that can be scored, and one problem for each that can't. */
export interface ResolvedPairs {
  readonly folds: number;
  readonly pairs: readonly ResolvedPair[];
  readonly problems: readonly ImageProblem[];
}

/** How {@link resolvePairs} treats what is missing. */
export interface ResolvePairsOptions {
  /** True throws at the first missing picture; false, the default, leaves its pair out and reports it. */
  readonly strict?: boolean;
}

const FOLDERS_AT_A_TIME = 16;
/** LFW is JPEG; folders in LFW's layout may hold any of the formats that are read. */
const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp', '.avif', '.bmp'];

/** Where LFW keeps a picture: `<root>/<name>/<name>_0001.jpg`; `index` counts from 1. */
export function lfwImagePath(root: string, name: string, index: number): string {
  return join(root, name, `${lfwStem(name, index)}.jpg`);
}

/** Name of a picture without its extension: `Aaron_Eckhart_0001`. */
export function lfwStem(name: string, index: number): string {
  return `${name}_${String(index).padStart(4, '0')}`;
}

const OPTIONS: OptionNames<ResolvePairsOptions> = { strict: true };

/**
 * Finds the pictures of a list of pairs in a folder of LFW's layout.
 *
 * `.jpg` is looked for first, then `.jpeg`, `.png`, `.webp`, `.avif` and `.bmp`. Names match in either Unicode form.
 *
 * @throws PairImageError in strict mode, naming the pair, its line and the file.
 * @throws DataFolderError when the root is missing or can't be read.
 */
export async function resolvePairs(
  list: PairList,
  root: string,
  options: ResolvePairsOptions = {},
): Promise<ResolvedPairs> {
  requireKnownOptions('resolvePairs', options, OPTIONS);
  const names = new Set(list.pairs.flatMap(({ a, b }) => [a.name, b.name]));
  const paths = await findPictures(root, names);
  const pairs: ResolvedPair[] = [];
  const problems: ImageProblem[] = [];
  for (const pair of list.pairs) {
    const { fold, same, line } = pair;
    const a = pathOf(paths, pair.a);
    const b = pathOf(paths, pair.b);
    if (a !== undefined && b !== undefined) {
      pairs.push({ fold, same, a, b, line });
      continue;
    }
    const missing = missingPicture(list, pair, root, a === undefined ? pair.a : pair.b);
    if (options.strict === true) throw missing;
    problems.push({
      path: missing.path,
      kind: 'missing pair image',
      message: `${missing.given} [${missing.code}]`,
    });
  }
  return { folds: list.folds, pairs, problems };
}

/** Paths by identity and by stem. */
type Pictures = ReadonlyMap<string, ReadonlyMap<string, string>>;

function pathOf(paths: Pictures, { name, index }: PairImage): string | undefined {
  return paths.get(name)?.get(lfwStem(name, index));
}

async function findPictures(root: string, names: ReadonlySet<string>): Promise<Pictures> {
  const folders = (await listRoot(root)).filter((folder) => names.has(folder.normalize('NFC')));
  const found = new Map<string, Map<string, string>>();
  const listings = await mapLimited(folders, FOLDERS_AT_A_TIME, (folder) => list(join(root, folder)));
  folders.forEach((folder, n) => {
    const name = folder.normalize('NFC');
    const pictures = found.get(name) ?? new Map<string, string>();
    found.set(name, pictures);
    for (const extension of EXTENSIONS) {
      for (const file of listings[n]!) {
        if (!file.toLowerCase().endsWith(extension)) continue;
        const stem = file.slice(0, -extension.length).normalize('NFC');
        if (!pictures.has(stem)) pictures.set(stem, join(root, folder, file));
      }
    }
  });
  return found;
}

async function listRoot(root: string): Promise<string[]> {
  try {
    return (await readdir(root)).sort();
  } catch (error) {
    const expected = 'a folder of pictures in the layout of LFW';
    const fix = 'check the path; pictures lie at <root>/<name>/<name>_0001.jpg.';
    throw new DataFolderError(root, rootFailure(root, error), expected, fix, error);
  }
}

/** What can't be listed holds nothing: each pair that needs it is then reported. */
async function list(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}

function missingPicture(list: PairList, pair: Pair, root: string, missing: PairImage): PairImageError {
  const { a, b, line } = pair;
  const path = lfwImagePath(root, missing.name, missing.index);
  const pictures = `${a.name} ${a.index} and ${b.name} ${b.index}`;
  return new PairImageError(path, line, `${list.source}:${line}: pair of ${pictures}: there is no ${path}`);
}
