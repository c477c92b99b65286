import { createHash } from 'node:crypto';
import type { ImageProblem } from '@cf/data';
import { readTensors, writeSealed } from '../run/safetensors.ts';
import { type FeatureTable, gatherRows } from './feature-table.ts';

/** A table with what was left out of it. */
export interface KeptFeatures {
  readonly table: FeatureTable;
  /** Of the pictures that could not be read, by position. */
  readonly problems: ReadonlyMap<number, ImageProblem>;
}

/** What features depend on. */
export interface FeatureOrigin {
  /** Of what computes them. */
  readonly extractor: string;
  /** One text a picture, that changes when the picture does. */
  readonly pictures: readonly string[];
  /** Pictures whose mirror images are computed too, by position. */
  readonly mirrored: ReadonlySet<number>;
}

/** What a file of features has of a list of pictures. */
export interface FoundFeatures extends KeptFeatures {
  /** Pictures that it has not, or whose mirror images it has not, by position. */
  readonly lacking: readonly number[];
}

/** Keeps a table for a resumed run, or another run with some of the same pictures. */
export async function writeFeatures(
  path: string,
  { table, problems }: KeptFeatures,
  { extractor, pictures, mirrored }: FeatureOrigin,
): Promise<void> {
  const count = table.indices.length;
  const shape = [count, table.dim];
  const mirrors = Float64Array.from(table.indices, (index) => (mirrored.has(index) ? 1 : 0));
  await writeSealed(path, {
    tensors: {
      pictures: { shape: [pictures.length, 2], data: digests(pictures) },
      indices: { shape: [count], data: Float64Array.from(table.indices) },
      rows: { shape, data: table.rows },
      ...(table.mirrored === undefined
        ? {}
        : { mirrors: { shape: [count], data: mirrors }, mirrored: { shape, data: table.mirrored } }),
    },
    metadata: { format: 'cf-features-2', extractor, problems: JSON.stringify([...problems]) },
  });
}

/**
 * What the file of an earlier run has of these pictures, whatever else it has and in whatever order.
 *
 * @param strict whether a picture that could not be read is lacking, to be met again
 * @returns undefined if the file is not whole, is of another extractor, or has none of them
 */
export async function readFeatures(
  path: string,
  { extractor, pictures, mirrored }: FeatureOrigin,
  strict: boolean = false,
): Promise<FoundFeatures | undefined> {
  const file = await readTensors(path).catch(() => undefined);
  if (file?.metadata.format !== 'cf-features-2' || file.metadata.extractor !== extractor) return undefined;
  const { rows, mirrors, mirrored: mirroredRows } = file.tensors;
  const placed = placesOf(file.tensors.pictures!.data);
  const rowOf = new Map(Array.from(file.tensors.indices!.data, (index, row) => [index, row] as const));
  const problemOf = new Map(JSON.parse(file.metadata.problems!) as [number, ImageProblem][]);
  const wanted = digests(pictures);
  const indices: number[] = [];
  const places: number[] = [];
  const problems = new Map<number, ImageProblem>();
  const lacking: number[] = [];
  for (let index = 0; index < pictures.length; index++) {
    const place = placed.get(keyAt(wanted, index));
    const row = place === undefined ? undefined : rowOf.get(place);
    const problem = place === undefined ? undefined : problemOf.get(place);
    if (row !== undefined && (!mirrored.has(index) || mirrors?.data[row] === 1)) {
      indices.push(index);
      places.push(row);
    } else if (row === undefined && problem !== undefined && !strict) problems.set(index, problem);
    else lacking.push(index);
  }
  if (lacking.length === pictures.length) return undefined;
  const dim = rows!.shape[1]!;
  const gathered = (of: typeof rows): Float32Array => gatherRows(of!.data as Float32Array, dim, places);
  const anyMirrored = mirrors !== undefined && indices.some((index) => mirrored.has(index));
  return {
    table: {
      dim,
      indices: Int32Array.from(indices),
      rows: gathered(rows),
      mirrored: anyMirrored ? onlyMirrored(gathered(mirroredRows), dim, indices, mirrored) : undefined,
    },
    problems,
    lacking,
  };
}

/** Zeros where the mirror image is not asked for, as where it was never computed. */
function onlyMirrored(
  rows: Float32Array,
  dim: number,
  indices: readonly number[],
  mirrored: ReadonlySet<number>,
): Float32Array {
  for (const [row, index] of indices.entries())
    if (!mirrored.has(index)) rows.fill(0, row * dim, (row + 1) * dim);
  return rows;
}

/** 96 bits of a digest a picture, in two numbers: among ten million pictures two meet once in 10^15 lists. [N, 2]. */
function digests(pictures: readonly string[]): Float64Array {
  const numbers = new Float64Array(2 * pictures.length);
  for (const [index, picture] of pictures.entries()) {
    const digest = createHash('sha256').update(picture).digest();
    numbers[2 * index] = digest.readUIntBE(0, 6);
    numbers[2 * index + 1] = digest.readUIntBE(6, 6);
  }
  return numbers;
}

function keyAt(numbers: ArrayLike<number>, index: number): string {
  return `${numbers[2 * index]} ${numbers[2 * index + 1]}`;
}

/** Where each picture of a file stands; of one that is there twice, its last place. */
function placesOf(numbers: ArrayLike<number>): Map<string, number> {
  const places = new Map<string, number>();
  for (let place = 0; 2 * place < numbers.length; place++) places.set(keyAt(numbers, place), place);
  return places;
}
