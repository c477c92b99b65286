import { type OptionNames, requireKnownOptions, ShapeMismatchError } from '@cf/core';
import { GalleryError } from '../errors.ts';
import { throwFirstNonFinite } from '../similarity/cosine-similarity.ts';

/** What {@link createIdentityIndex} is made of. */
export interface IdentityIndexInput {
  /** `[N, d]`, row-major; they need not be normalised, and are not copied. */
  readonly embeddings: Float32Array;
  /** d. */
  readonly dim: number;
  /** Who is in each picture: `[N]`. A number or a bigint is the name that it reads as. */
  readonly identities: ArrayLike<string | number | bigint>;
  /**
   * What stands for an identity: each of its pictures, of which the nearest counts (the default), or one template, the mean
   * of its pictures' embeddings of length 1, as IJB-C (Maze et al. 2018) pools them.
   */
  readonly templates?: 'picture' | 'mean';
}

/** Embeddings of known people, ready to be searched. */
export interface IdentityIndex {
  /** `[R, d]`. */
  readonly rows: Float32Array;
  readonly dim: number;
  /** One over the length of each row: `[R]`. */
  readonly inverseLengths: Float64Array;
  /** Names, in the order in which they came first: `[I]`. */
  readonly identities: readonly string[];
  /** Identity of each row, as a position among the names: `[R]`. */
  readonly labels: Int32Array;
}

const OPTIONS: OptionNames<IdentityIndexInput> = {
  embeddings: true,
  dim: true,
  identities: true,
  templates: true,
};

/**
 * Makes a gallery of embeddings.
 *
 * @throws GalleryError (`E_GALLERY`) for an embedding of zeros, which has no direction, and for none at all
 * @throws ShapeMismatchError (`E_SHAPE`) if there is not one name a row
 * @throws NonFiniteError (`E_NON_FINITE`)
 */
export function createIdentityIndex(input: IdentityIndexInput): IdentityIndex {
  requireKnownOptions('createIdentityIndex', input, OPTIONS);
  const { embeddings, dim, identities, templates = 'picture' } = input;
  const count = embeddings.length / dim;
  if (!Number.isInteger(dim) || dim < 1 || count !== identities.length) {
    throw new ShapeMismatchError(
      `${embeddings.length} numbers in rows of ${dim}, and ${identities.length} identities`,
      'embeddings [N, dim], and one identity for each',
      'take both from one file.',
    );
  }
  if (count === 0) {
    throw new GalleryError(
      'no embedding',
      'one of a picture at least',
      'embed pictures of those who are known.',
    );
  }
  const numbers = new Map<string, number>();
  const labels = Int32Array.from(identities, (identity: string | number | bigint) => {
    const name = String(identity);
    const known = numbers.get(name) ?? numbers.size;
    numbers.set(name, known);
    return known;
  });
  const names = [...numbers.keys()];
  const describe = (row: number): string => `row ${row} of the gallery ('${identities[row]}')`;
  const inverseLengths = inverseLengthsOf('gallery', embeddings, dim, describe);
  const pictures = { rows: embeddings, dim, inverseLengths, identities: names, labels };
  return templates === 'mean' ? meanTemplates(pictures) : pictures;
}

/** One row an identity: the mean of its rows of length 1. */
function meanTemplates({ rows, dim, inverseLengths, identities, labels }: IdentityIndex): IdentityIndex {
  const sums = new Float64Array(identities.length * dim);
  for (const [row, label] of labels.entries()) {
    for (let k = 0; k < dim; k++) sums[label * dim + k]! += rows[row * dim + k]! * inverseLengths[row]!;
  }
  const means = Float32Array.from(sums);
  const describe = (row: number): string => `the mean of '${identities[row]}'`;
  return {
    rows: means,
    dim,
    inverseLengths: inverseLengthsOf('means', means, dim, describe),
    identities,
    labels: Int32Array.from(identities.keys()),
  };
}

/** @param describe names a row. @throws GalleryError, NonFiniteError */
export function inverseLengthsOf(
  name: string,
  rows: Float32Array,
  dim: number,
  describe: (row: number) => string,
): Float64Array {
  return Float64Array.from({ length: rows.length / dim }, (_, row) => {
    let squares = 0;
    for (let k = row * dim; k < (row + 1) * dim; k++) squares += rows[k]! * rows[k]!;
    if (!Number.isFinite(squares)) throwFirstNonFinite(name, rows, row * dim, dim);
    if (squares > 0) return 1 / Math.sqrt(squares);
    throw new GalleryError(
      `${describe(row)}, which is zero`,
      'embeddings that have a direction',
      'leave it out, and look at its picture and at the network.',
    );
  });
}
