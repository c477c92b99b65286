import { dirname, isAbsolute, join } from 'node:path';
import { isManifest, type ManifestRow } from '@cf/data';
import { manifestRows } from '@cf/data/node';
import { templateEmbeddings } from '@cf/eval';
import type { VerificationPairs } from '../dataset/verification-pairs.ts';
import { UsageError } from '../errors.ts';
import { type FeatureTable, gatherRows } from '../features/feature-table.ts';
import { readGiven } from '../settings/read-given.ts';
import { RowReader } from './row-lists.ts';
import type { Searches } from './searches.ts';

/** Templates: each of several pictures and frames of one person. */
export interface TemplateList {
  /** Of each template; positions here are what pairs and searches name. */
  readonly names: readonly string[];
  /** Who it is of, and on which side of a search, where the list says so. */
  readonly identities: readonly (string | undefined)[];
  readonly sides: readonly ('gallery' | 'probe' | undefined)[];
  readonly rows: readonly TemplateRow[];
}

interface TemplateRow {
  readonly template: number;
  readonly path: string;
  /** Frames of one video have one; undefined for a picture by itself. */
  readonly medium: string | undefined;
}

const COLUMNS = 'template, path, and if wanted media, identity and split (gallery or probe)';

/**
 * Reads which pictures make which templates: a list (.csv, .tsv, .jsonl) with the columns `template` and `path`, and if
 * wanted `media`, `identity` and `split`; or lines of picture, template and media as IJB's `face_tid_mid.txt` has them.
 *
 * @param root the folder that paths are below; that of the list if undefined
 * @throws ManifestError naming file and line
 */
export async function readTemplates(path: string, root: string | undefined): Promise<TemplateList> {
  const reader = new RowReader(path, COLUMNS);
  const places = new Map<string, number>();
  const identities: (string | undefined)[] = [];
  const sides: ('gallery' | 'probe' | undefined)[] = [];
  const rows: TemplateRow[] = [];
  for await (const row of rowsOf(path, reader)) {
    const name = reader.text(row, 'template');
    const file = reader.text(row, 'path');
    const identity = reader.maybe(row, 'identity');
    const side = row.fields.split === undefined ? undefined : reader.side(row);
    const known = places.get(name);
    const template = known ?? places.size;
    if (known === undefined) {
      places.set(name, template);
      identities.push(identity);
      sides.push(side);
    } else if (identities[known] !== identity || sides[known] !== side) {
      throw reader.failure(row.line, `another identity or split of template '${name}'`, 'one each');
    }
    const from = root ?? dirname(path);
    rows.push({
      template,
      path: isAbsolute(file) ? join(file) : join(from, file),
      medium: reader.maybe(row, 'media'),
    });
  }
  if (rows.length === 0) throw reader.failure(undefined, 'it names no template', 'a line for each picture');
  return { names: [...places.keys()], identities, sides, rows };
}

async function* rowsOf(path: string, reader: RowReader): AsyncGenerator<ManifestRow> {
  if (isManifest(path)) yield* manifestRows(path);
  else yield* spacedRows('--templates', path, ['path', 'template', 'media'], reader);
}

/** Lines of words between spaces, each a column, as IJB's lists are. */
async function* spacedRows(
  flag: string,
  path: string,
  columns: readonly string[],
  reader: RowReader,
): AsyncGenerator<ManifestRow> {
  const lines = (await readGiven(flag, path)).split(/\r?\n/);
  for (const [at, text] of lines.entries()) {
    if (text.trim() === '') continue;
    const words = text.trim().split(/\s+/);
    if (words.length !== columns.length) {
      const given = `${words.length} words`;
      throw reader.failure(at + 1, given, `${columns.length}: ${columns.join(', ')}`);
    }
    const fields = Object.fromEntries(columns.map((column, n) => [column, words[n]]));
    yield { line: at + 1, fields, columnsAt: 1 };
  }
}

const PAIR_COLUMNS = 'a and b, the names of two templates, same, and if wanted fold';

/**
 * Reads pairs of templates: a list with the columns `a`, `b` and `same`, and if wanted `fold` from 1; or lines of two
 * templates and 1 or 0, as IJB's `template_pair_label.txt` has them. Without folds all are one.
 */
export async function readTemplatePairs(path: string, { names }: TemplateList): Promise<VerificationPairs> {
  const reader = new RowReader(path, PAIR_COLUMNS);
  const places = new Map(names.map((name, place) => [name, place]));
  const pairs: (readonly [number, number])[] = [];
  const same: boolean[] = [];
  const folds: number[] = [];
  const rows = isManifest(path)
    ? manifestRows(path)
    : spacedRows('--pairs', path, ['a', 'b', 'same'], reader);
  for await (const row of rows) {
    const [a, b] = ['a', 'b'].map((column) => {
      const name = reader.text(row, column);
      const place = places.get(name);
      if (place === undefined)
        throw reader.failure(row.line, `template '${name}'`, 'one that --templates has');
      return place;
    }) as [number, number];
    const truth = reader.truth(row, 'same');
    const fold = Number(reader.maybe(row, 'fold') ?? 1);
    if (!Number.isInteger(fold) || fold < 1) {
      throw reader.failure(row.line, `fold = ${JSON.stringify(row.fields.fold)}`, 'a whole number from 1');
    }
    pairs.push([a, b]);
    same.push(truth);
    folds.push(fold);
  }
  if (pairs.length === 0) throw reader.failure(undefined, 'it names no pair', 'a line for each pair');
  const scored = [...new Set(folds)].sort((a, b) => a - b);
  return { pairs, same, folds, scored, missing: 0 };
}

/** The searches that a list of templates says. @throws UsageError where it names no sides or people */
export function templateSearches({ names, identities, sides }: TemplateList, path: string): Searches {
  const of = (wanted: 'gallery' | 'probe') =>
    names.flatMap((_, item) => (sides[item] === wanted ? [{ item, identity: identities[item]! }] : []));
  if (
    names.some((_, item) => sides[item] !== undefined && identities[item] === undefined) ||
    of('gallery').length === 0
  ) {
    throw new UsageError(
      `--identification with --templates ${path}`,
      'identity and split (gallery or probe) of the templates',
      'add both columns.',
    );
  }
  return { gallery: of('gallery'), probes: of('probe'), from: path };
}

/** Embeddings of templates from those of their pictures; templates without a readable picture are left out. */
export function embedTemplates(
  { rows }: TemplateList,
  placeOf: (path: string) => number,
  { dim, indices, rows: embeddings }: FeatureTable,
): FeatureTable {
  const rowOf = new Map(Array.from(indices, (index, row) => [index, row]));
  const kept = rows.flatMap((row, n) => {
    const at = rowOf.get(placeOf(row.path));
    return at === undefined ? [] : [{ template: row.template, at, medium: row.medium ?? `\0${n}` }];
  });
  const places = kept.map(({ at }) => at);
  const made = templateEmbeddings({
    embeddings: gatherRows(embeddings, dim, places),
    dim,
    templates: kept.map(({ template }) => template),
    media: kept.map(({ medium }) => medium),
  });
  return {
    dim,
    indices: Int32Array.from(made.names as readonly number[]),
    rows: Float32Array.from(made.embeddings),
    mirrored: undefined,
  };
}
