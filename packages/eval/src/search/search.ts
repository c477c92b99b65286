import { type OptionNames, requireInteger, requireKnownOptions, ShapeMismatchError } from '@cf/core';
import { highest } from './highest.ts';
import { type IdentityIndex, inverseLengthsOf } from './identity-index.ts';
import { fourProducts, interleaved, oneProduct, PROBES_AT_ONCE, toCosine } from './products.ts';

/** An identity that a picture is near to. */
export interface Match {
  readonly identity: string;
  /** Cosine to the nearest row of the identity, in [−1, 1]. */
  readonly score: number;
  /** That row; of equal ones the first. */
  readonly row: number;
}

const OPTIONS: OptionNames<{ readonly top?: number }> = { top: true };

/**
 * The identities of a gallery that are nearest to each of some pictures, by the cosine to their nearest row; of equal ones
 * that which the gallery names first.
 *
 * Every row is looked at, once for four pictures: Q·R·d multiplications, summed in float64.
 *
 * @param probes - `[Q, d]`, row-major.
 * @param options - `top`, how many identities of each; 5 by default, all where there are fewer.
 * @returns `[Q]`, each the nearest first.
 * @throws ShapeMismatchError (`E_SHAPE`) if the embeddings are of another length than the gallery's.
 * @throws GalleryError (`E_GALLERY`) for an embedding of zeros. NonFiniteError (`E_NON_FINITE`).
 */
export function search(
  gallery: IdentityIndex,
  probes: Float32Array,
  options: { readonly top?: number } = {},
): readonly (readonly Match[])[] {
  requireKnownOptions('search', options, OPTIONS);
  const { top = 5 } = options;
  requireInteger('top', top, 1, Number.MAX_SAFE_INTEGER);
  return Array.from(nearestIdentities(gallery, probes), (one) => matches(gallery, one, top));
}

/**
 * The scores of each of some pictures with every identity of a gallery, one picture after another.
 *
 * @param probes - `[Q, d]`, row-major.
 * @throws as {@link search}
 */
export function* nearestIdentities(
  gallery: IdentityIndex,
  probes: Float32Array,
): Generator<Nearest, void, undefined> {
  const { dim } = gallery;
  const count = probes.length / dim;
  if (!Number.isInteger(count)) {
    throw new ShapeMismatchError(
      `${probes.length} numbers to search for`,
      `embeddings of ${dim}, as the gallery has them`,
      'embed both by one network.',
    );
  }
  const inverseLengths = inverseLengthsOf('probes', probes, dim, (row) => `embedding ${row} to search for`);
  for (let from = 0; from < count; from += PROBES_AT_ONCE) {
    const to = Math.min(count, from + PROBES_AT_ONCE);
    const nearest =
      to - from === 1
        ? nearestToOne(gallery, probes, inverseLengths, from)
        : nearestToFour(gallery, interleaved(probes, inverseLengths, [from, to], dim));
    yield* nearest.slice(0, to - from);
  }
}

/** Of one picture and every identity: the highest score, and its row. */
interface Nearest {
  /** `[I]`. */
  readonly scores: Float64Array;
  readonly rows: Int32Array;
}

function emptyNearest({ identities }: IdentityIndex): Nearest {
  const scores = new Float64Array(identities.length).fill(Number.NEGATIVE_INFINITY);
  return { scores, rows: new Int32Array(identities.length) };
}

function nearestToOne(
  gallery: IdentityIndex,
  probes: Float32Array,
  inverseLengths: Float64Array,
  at: number,
): readonly Nearest[] {
  const { rows, dim, labels, inverseLengths: lengths } = gallery;
  const probe = Float64Array.from(
    probes.subarray(at * dim, (at + 1) * dim),
    (value) => value * inverseLengths[at]!,
  );
  const nearest = emptyNearest(gallery);
  for (let row = 0; row < labels.length; row++)
    keep(nearest, labels[row]!, row, toCosine(oneProduct(rows, row * dim, dim, probe) * lengths[row]!));
  return [nearest];
}

function nearestToFour(gallery: IdentityIndex, probes: Float64Array): readonly Nearest[] {
  const { rows, dim, labels, inverseLengths } = gallery;
  const nearest = Array.from({ length: PROBES_AT_ONCE }, () => emptyNearest(gallery));
  const products = new Float64Array(PROBES_AT_ONCE);
  for (let row = 0; row < labels.length; row++) {
    fourProducts(rows, row * dim, dim, probes, products);
    for (let j = 0; j < PROBES_AT_ONCE; j++)
      keep(nearest[j]!, labels[row]!, row, toCosine(products[j]! * inverseLengths[row]!));
  }
  return nearest;
}

function keep({ scores, rows }: Nearest, label: number, row: number, score: number): void {
  if (score <= scores[label]!) return;
  scores[label] = score;
  rows[label] = row;
}

function matches({ identities }: IdentityIndex, { scores, rows }: Nearest, top: number): readonly Match[] {
  return highest(scores, top).map((label) => ({
    identity: identities[label]!,
    score: scores[label]!,
    row: rows[label]!,
  }));
}
