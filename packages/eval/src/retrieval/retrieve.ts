import { type OptionNames, requireKnownOptions, ShapeMismatchError } from '@cf/core';
import { GalleryError } from '../errors.ts';
import { highest } from '../search/highest.ts';
import { inverseLengthsOf } from '../search/identity-index.ts';
import { fourProducts, interleaved, PROBES_AT_ONCE, toCosine } from '../search/products.ts';

/** Embeddings and what is on them. */
export interface LabelledEmbeddings {
  /** `[N, d]`, row-major. */
  readonly embeddings: Float32Array;
  readonly dim: number;
  /** The class of each row, as a number, a bigint or a name: `[N]`. The number 1 and 1n are one class, the name '1' is another. */
  readonly labels: ArrayLike<ClassLabel>;
}

/** What says which class it is. */
type ClassLabel = number | bigint | string;

export interface RetrievalOptions {
  /** What is searched; by default the queries themselves, where no query finds itself. */
  readonly references?: LabelledEmbeddings | undefined;
  /** Is told how many queries are done. */
  readonly onProgress?: ((queries: number) => void) | undefined;
}

/** What {@link retrieve} finds; every figure is a mean over queries, in [0, 1]. */
export interface RetrievalReport {
  /** Queries that count: those whose class is among what is searched. */
  readonly queries: number;
  /** Queries left out, whose class is nowhere else. */
  readonly lone: number;
  /** Share of the queries whose nearest reference is of their class; also called recall@1. */
  readonly precisionAt1: number;
  /** Share of the R nearest that are of the query's class, R being how many references are. */
  readonly rPrecision: number;
  /** Mean average precision at R: (1/R)·Σ over the R nearest of the precision up to those that are of the class. */
  readonly mapAtR: number;
}

const OPTIONS: OptionNames<RetrievalOptions> = { references: true, onProgress: true };

/**
 * How well embeddings find others of their class, by cosine: precision@1, R-precision and MAP@R (Musgrave, Belongie and Lim,
 * A Metric Learning Reality Check, ECCV 2020, section 3.2). Of equal cosines the first reference is the nearer one.
 *
 * Every pair is looked at: Q·N·d multiplications, summed in float64.
 *
 * @throws ShapeMismatchError (`E_SHAPE`) where lengths do not fit; GalleryError (`E_GALLERY`) for an embedding of zeros, and
 * where no query has another of its class; NonFiniteError (`E_NON_FINITE`)
 */
export function retrieve(queries: LabelledEmbeddings, options: RetrievalOptions = {}): RetrievalReport {
  requireKnownOptions('retrieve', options, OPTIONS);
  const { references = queries, onProgress } = options;
  const count = rowsOf('queries', queries);
  const size = rowsOf('references', references);
  const { dim } = queries;
  if (references.dim !== dim) {
    const fix = 'embed both by one network.';
    throw new ShapeMismatchError(`references of dim ${references.dim}`, `the queries' dim, ${dim}`, fix);
  }
  const among = references === queries;
  const lengths = inverseLengthsOf('queries', queries.embeddings, dim, (row) => `query ${row}`);
  const others = among
    ? lengths
    : inverseLengthsOf('references', references.embeddings, dim, (row) => `reference ${row}`);
  const labels = comparable(queries.labels);
  const classes = among ? labels : comparable(references.labels);
  const sizes = classSizes(classes);
  const sums = { queries: 0, precisionAt1: 0, rPrecision: 0, mapAtR: 0 };
  const similar = Array.from({ length: PROBES_AT_ONCE }, () => new Float64Array(size));
  const products = new Float64Array(PROBES_AT_ONCE);
  for (let from = 0; from < count; from += PROBES_AT_ONCE) {
    const to = Math.min(count, from + PROBES_AT_ONCE);
    const probes = interleaved(queries.embeddings, lengths, [from, to], dim);
    for (let row = 0; row < size; row++) {
      fourProducts(references.embeddings, row * dim, dim, probes, products);
      for (let j = 0; j < PROBES_AT_ONCE; j++) similar[j]![row] = toCosine(products[j]! * others[row]!);
    }
    for (let query = from; query < to; query++) {
      const cosines = similar[query - from]!;
      if (among) cosines[query] = Number.NEGATIVE_INFINITY;
      const label = labels[query]!;
      const relevant = (sizes.get(label) ?? 0) - (among ? 1 : 0);
      if (relevant > 0) add(sums, hitsOf(cosines, relevant, classes, label));
    }
    onProgress?.(to);
  }
  if (sums.queries === 0) {
    const [given, searched] = [kindOf(labels), kindOf(classes)];
    const fix =
      given === searched
        ? 'give two or more embeddings of at least one class.'
        : `label queries and references alike; these are ${given} and ${searched}.`;
    throw new GalleryError('no query of a class that is searched', 'one or more', fix);
  }
  const { queries: counted, precisionAt1, rPrecision, mapAtR } = sums;
  return {
    queries: counted,
    lone: count - counted,
    precisionAt1: precisionAt1 / counted,
    rPrecision: rPrecision / counted,
    mapAtR: mapAtR / counted,
  };
}

function rowsOf(name: string, { embeddings, dim, labels }: LabelledEmbeddings): number {
  const count = labels.length;
  if (Number.isInteger(dim) && dim > 0 && count > 0 && embeddings.length === count * dim) return count;
  throw new ShapeMismatchError(
    `${name} of ${embeddings.length} numbers, dim ${dim}, with ${count} labels`,
    'embeddings [N, dim] with N labels, N ≥ 1',
  );
}

/** Labels that are equal where the class is; a bigint beyond the safe integers stays one, as a number it would be another. */
function comparable(labels: ArrayLike<ClassLabel>): readonly ClassLabel[] {
  return Array.from(labels, (label) => {
    const number = typeof label === 'bigint' ? Number(label) : label;
    return Number.isSafeInteger(number) ? number : label;
  });
}

function kindOf(labels: readonly ClassLabel[]): string {
  return typeof labels[0] === 'string' ? 'names' : 'numbers';
}

function classSizes(labels: readonly ClassLabel[]): ReadonlyMap<ClassLabel, number> {
  const sizes = new Map<ClassLabel, number>();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  return sizes;
}

/** Of the R nearest, the nearest first, which are of the class. */
function hitsOf(
  cosines: Float64Array,
  relevant: number,
  labels: readonly ClassLabel[],
  label: ClassLabel,
): readonly boolean[] {
  return highest(cosines, relevant).map((row) => labels[row] === label);
}

type Sums = { -readonly [Name in Exclude<keyof RetrievalReport, 'lone'>]: number };

function add(sums: Sums, hits: readonly boolean[]): void {
  let [found, precisions] = [0, 0];
  for (const [at, hit] of hits.entries()) {
    if (!hit) continue;
    found++;
    precisions += found / (at + 1);
  }
  sums.queries++;
  sums.precisionAt1 += hits[0] ? 1 : 0;
  sums.rPrecision += found / hits.length;
  sums.mapAtR += precisions / hits.length;
}
