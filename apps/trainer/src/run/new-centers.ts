import { type FloatArray, meanOf } from '@cf/core';

/** Embeddings of the samples of a training. */
export interface SampleEmbeddings {
  /** [N, d]. */
  readonly rows: Float32Array;
  readonly dim: number;
  /** [N]. */
  readonly labels: ArrayLike<number>;
}

/**
 * Lets class centers start at the mean of the normalised embeddings of their class, with the length that the others have on
 * average. A class without an embedding, or whose mean has no direction, stays as it is.
 *
 * @param centers row c·K + k sub-center k of class c: [C·K, d]; the first sub-center of a class moves
 * @param labels of the classes that start so; every other one counts as there already
 * @returns how many classes did
 */
export function startAtMeans(
  centers: FloatArray,
  subCenters: number,
  labels: ReadonlySet<number>,
  { rows, dim, labels: labelOf }: SampleEmbeddings,
): number {
  const sums = new Map([...labels].map((label) => [label, new Float64Array(dim)]));
  for (let row = 0; row < labelOf.length; row++) {
    const sum = sums.get(labelOf[row]!);
    if (sum === undefined) continue;
    const embedding = rows.subarray(row * dim, (row + 1) * dim);
    const length = Math.hypot(...embedding);
    if (!(length > 0)) continue;
    for (let i = 0; i < dim; i++) sum[i]! += embedding[i]! / length;
  }
  const firstOf = (label: number): FloatArray =>
    centers.subarray(label * subCenters * dim, (label * subCenters + 1) * dim);
  const length = usualLength(centers.length / (subCenters * dim), labels, firstOf);
  let moved = 0;
  for (const [label, sum] of sums) {
    const norm = Math.hypot(...sum);
    if (!(norm > 1e-6)) continue;
    const center = firstOf(label);
    const target = length ?? Math.hypot(...center);
    for (let i = 0; i < dim; i++) center[i] = (sum[i]! / norm) * target;
    moved++;
  }
  return moved;
}

/** The mean length of the centers that are there already; undefined where there are none. */
function usualLength(
  classes: number,
  isNew: ReadonlySet<number>,
  firstOf: (label: number) => FloatArray,
): number | undefined {
  const lengths: number[] = [];
  for (let label = 0; label < classes; label++)
    if (!isNew.has(label)) lengths.push(Math.hypot(...firstOf(label)));
  return lengths.length === 0 ? undefined : meanOf(lengths);
}
