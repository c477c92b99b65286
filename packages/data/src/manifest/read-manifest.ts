import { dirname, isAbsolute, join } from 'node:path';
import { nearestName } from '@cf/core';
import { ManifestError } from '../errors.ts';
import { byCodeUnits } from '../order.ts';
import type { PictureFile, PictureSource } from '../source/picture-source.ts';
import type { ManifestRow } from './manifest-format.ts';
import { manifestRows } from './manifest-rows.ts';

/** People and pictures that a list names, and what it says of them. */
export interface Manifest {
  readonly path: string;
  /** People to train on, sorted by name in code units. */
  readonly train: readonly ManifestIdentity[];
  /** People to score: rows of the split `validation`, or of `test` where there are none of those. */
  readonly scored: readonly ManifestIdentity[];
  /** Which split `scored` is. */
  readonly scoredSplit: 'validation' | 'test';
  /** Pictures of the split `test` that are not scored, for there is a validation split. */
  readonly leftOut: number;
  /** How hard pictures are to learn, where the list says so; larger is harder. */
  readonly difficulty: ReadonlyMap<PictureSource, number>;
  /** How much pictures count, where the list says so. */
  readonly weight: ReadonlyMap<PictureSource, number>;
}

export interface ManifestIdentity {
  /** In Unicode normal form C. */
  readonly name: string;
  /** In the order of the list. */
  readonly files: readonly PictureFile[];
}

/** What a list may say of a picture. */
const COLUMNS = ['path', 'identity', 'split', 'difficulty', 'weight'] as const;
type Column = (typeof COLUMNS)[number];

const SPLITS: Readonly<Record<string, Split>> = {
  '': 'train',
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  dev: 'validation',
  test: 'test',
};
type Split = 'train' | 'validation' | 'test';

/**
 * Reads a list of pictures: CSV with a header, or JSON lines. Columns are `path` (relative to the list's folder) and
 * `identity`, and if wanted `split` (train, validation, test), `difficulty` and `weight`; others are passed over.
 *
 * @throws ManifestError naming file and line
 */
export async function readManifest(path: string): Promise<Manifest> {
  const reader = new ManifestReader(path);
  for await (const row of manifestRows(path)) reader.add(row);
  return reader.manifest();
}

class ManifestReader {
  readonly #path: string;
  readonly #lines = new Map<string, number>();
  readonly #people = { train: new Map(), validation: new Map(), test: new Map() } as const satisfies Record<
    Split,
    Map<string, PictureFile[]>
  >;
  readonly #difficulty = new Map<PictureSource, number>();
  readonly #weight = new Map<PictureSource, number>();
  #columns: readonly string[] | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  add({ line, fields, columnsAt }: ManifestRow): void {
    this.#checkColumns(columnsAt, Object.keys(fields));
    const text = (column: Column): string => this.#text(line, column, fields[column]);
    const given = text('path');
    const name = text('identity').normalize('NFC');
    if (given === '' || given.includes('\0'))
      throw this.#error(line, `path ${JSON.stringify(given)}`, 'a path');
    if (name === '') throw this.#error(line, 'no identity', 'the name of the identity');
    const file = isAbsolute(given) ? given : join(dirname(this.#path), given);
    const before = this.#lines.get(file);
    if (before !== undefined) {
      throw this.#error(line, `'${given}', which line ${before} has`, 'every picture once');
    }
    this.#lines.set(file, line);
    const split = SPLITS[text('split').toLowerCase()];
    if (split === undefined) throw this.#error(line, `split '${text('split')}'`, 'train, validation or test');
    const source: PictureFile = { kind: 'file', path: file };
    const people: Map<string, PictureFile[]> = this.#people[split];
    const files = people.get(name);
    if (files === undefined) people.set(name, [source]);
    else files.push(source);
    this.#keep(line, this.#difficulty, source, 'difficulty', fields.difficulty);
    this.#keep(line, this.#weight, source, 'weight', fields.weight);
  }

  manifest(): Manifest {
    const { train, validation, test } = this.#people;
    if (train.size + validation.size + test.size === 0) {
      throw new ManifestError(this.#path, undefined, 'it names no picture', 'a line for each picture');
    }
    const scoredSplit = validation.size > 0 ? 'validation' : 'test';
    return {
      path: this.#path,
      train: inOrder(train),
      scored: inOrder(this.#people[scoredSplit]),
      scoredSplit,
      leftOut: scoredSplit === 'test' ? 0 : [...test.values()].flat().length,
      difficulty: this.#difficulty,
      weight: this.#weight,
    };
  }

  /** A slip in a column's name would leave a whole column out in silence. */
  #checkColumns(line: number, names: readonly string[]): void {
    if (this.#columns !== undefined && names.length === this.#columns.length) {
      if (names.every((name, at) => name === this.#columns![at])) return;
    }
    this.#columns = names;
    for (const name of names) {
      const nearest = COLUMNS.some((known) => known === name) ? undefined : nearestName(name, COLUMNS);
      if (nearest !== undefined && !names.includes(nearest)) {
        throw this.#error(line, `'${name}'`, `'${nearest}', or another name`);
      }
    }
    for (const needed of ['path', 'identity']) {
      if (!names.includes(needed)) {
        throw this.#error(
          line,
          `no '${needed}' among ${names.join(', ')}`,
          'path and identity of each picture',
        );
      }
    }
  }

  #text(line: number, column: Column, value: unknown): string {
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value.trim();
    if (column === 'identity' && typeof value === 'number') return String(value);
    throw this.#error(line, `${column} = ${JSON.stringify(value)}`, 'a text');
  }

  #keep(
    line: number,
    to: Map<PictureSource, number>,
    source: PictureSource,
    column: 'difficulty' | 'weight',
    value: unknown,
  ): void {
    if (value === undefined || value === null || value === '') return;
    const given = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    const least = column === 'weight' ? 0 : Number.NEGATIVE_INFINITY;
    if (typeof given === 'number' && Number.isFinite(given) && given >= least) to.set(source, given);
    else {
      const expected = column === 'weight' ? 'a number from 0 on' : 'a finite number';
      throw this.#error(line, `${column} = ${JSON.stringify(value)}`, expected);
    }
  }

  #error(line: number, given: string, expected: string): ManifestError {
    return new ManifestError(this.#path, line, given, expected);
  }
}

function inOrder(people: ReadonlyMap<string, readonly PictureFile[]>): readonly ManifestIdentity[] {
  return [...people].map(([name, files]) => ({ name, files })).sort((a, b) => byCodeUnits(a.name, b.name));
}
