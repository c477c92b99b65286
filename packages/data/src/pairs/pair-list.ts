import { dirname, isAbsolute, join } from 'node:path';
import { ManifestError } from '../errors.ts';
import type { ManifestRow } from '../manifest/manifest-format.ts';
import { manifestRows } from '../manifest/manifest-rows.ts';
import { foldCount, foldInOrder } from './folds-in-order.ts';

/** Pairs of picture files, as a list names them. */
export interface PictureFilePairs {
  readonly path: string;
  readonly pairs: readonly PictureFilePair[];
  readonly folds: number;
}

export interface PictureFilePair {
  /** Path of the first picture, starting with the list's folder as it was given. */
  readonly a: string;
  readonly b: string;
  readonly same: boolean;
  /** From 0. */
  readonly fold: number;
}

const COLUMNS = 'a and b, the paths of two pictures, same, and if wanted fold';
const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
]);
/** More folds than that are no folds. */
const MOST_FOLDS = 1000;

/**
 * Reads a list of pairs: CSV with a header, or JSON lines, with the columns `a` and `b` (paths relative to the list's
 * folder), `same` (1 or 0, true or false), and if wanted `fold`, from 1. Without folds the pairs lie in ten, in their order.
 *
 * @throws ManifestError naming file and line
 */
export async function readPairList(path: string): Promise<PictureFilePairs> {
  const found: (Omit<PictureFilePair, 'fold'> & { readonly fold: number | undefined })[] = [];
  for await (const row of manifestRows(path)) found.push(pairOf(path, row, found[0]));
  if (found.length === 0) throw failure(path, undefined, 'it names no pair', 'a line for each pair');
  const pairs = found.map((pair, at) => ({ ...pair, fold: pair.fold ?? foldInOrder(at, found.length) }));
  const used = new Set(pairs.map(({ fold }) => fold));
  const folds = found[0]!.fold === undefined ? foldCount(found.length) : Math.max(...used) + 1;
  if (used.size < folds) {
    const missing = Array.from({ length: folds }, (_, fold) => fold).find((fold) => !used.has(fold))!;
    throw failure(path, undefined, `no pair of fold ${missing + 1}`, `pairs of each of ${folds} folds`);
  }
  return { path, pairs, folds };
}

function pairOf(
  path: string,
  { line, fields }: ManifestRow,
  first: { readonly fold: number | undefined } | undefined,
): Omit<PictureFilePair, 'fold'> & { readonly fold: number | undefined } {
  for (const needed of ['a', 'b', 'same']) {
    if (fields[needed] === undefined) {
      throw failure(path, line, `no '${needed}' among ${Object.keys(fields).join(', ')}`, COLUMNS);
    }
  }
  const picture = (column: 'a' | 'b'): string => {
    const given = fields[column];
    const isPath = typeof given === 'string' && given.trim() !== '' && !given.includes('\0');
    if (!isPath) throw failure(path, line, `${column} = ${JSON.stringify(given)}`, 'the path of a picture');
    const plain = given.trim();
    return isAbsolute(plain) ? join(plain) : join(dirname(path), plain);
  };
  const same = TRUTHS.get(String(fields.same).trim().toLowerCase());
  if (same === undefined) throw failure(path, line, `same = ${JSON.stringify(fields.same)}`, '1 or 0');
  const fold = foldOf(path, line, fields.fold);
  if (first !== undefined && (fold === undefined) !== (first.fold === undefined)) {
    throw failure(path, line, 'a fold on some lines alone', 'a fold on each line, or on none');
  }
  const pair = { a: picture('a'), b: picture('b'), same, fold };
  if (pair.a === pair.b) throw failure(path, line, 'a picture with itself', 'two different pictures');
  return pair;
}

function foldOf(path: string, line: number, given: unknown): number | undefined {
  if (given === undefined || given === null || given === '') return undefined;
  const fold = Number(given);
  if (Number.isInteger(fold) && fold >= 1 && fold <= MOST_FOLDS) return fold - 1;
  throw failure(path, line, `fold = ${JSON.stringify(given)}`, `a whole number from 1 to ${MOST_FOLDS}`);
}

function failure(path: string, line: number | undefined, given: string, expected: string): ManifestError {
  return new ManifestError(path, line, given, expected, undefined, COLUMNS);
}
