import { ShapeMismatchError } from '@cf/core';
import { PairsError } from '../errors.ts';
import { cosineOfRows, throwFirstNonFinite } from './cosine-similarity.ts';

/**
 * Cosine similarity of every pair of embeddings.
 *
 * @param embeddings - `[N, d]`, row-major; they need not be normalised.
 * @param dim - d, the number of columns.
 * @param pairs - `[P]` pairs `[i, j]` of row indices, 0 ≤ i, j < N.
 * @returns `[P]` cosines in [−1, 1]; 0 where an embedding is the zero vector.
 * @throws ShapeMismatchError (`E_SHAPE`) if `dim` does not divide the embeddings into rows.
 * @throws PairsError (`E_PAIRS`) if a pair names a row that does not exist.
 * @throws NonFiniteError (`E_NON_FINITE`) if an embedding that a pair uses holds NaN or an infinity.
 */
export function pairScores(
  embeddings: Float32Array | Float64Array,
  dim: number,
  pairs: ArrayLike<readonly [number, number]>,
): Float64Array {
  const rows = countRows(embeddings, dim);
  const scores = new Float64Array(pairs.length);
  for (let index = 0; index < pairs.length; index++) {
    const [i, j] = pairs[index]!;
    checkRow(i, rows, index);
    checkRow(j, rows, index);
    const score = cosineOfRows(embeddings, i * dim, embeddings, j * dim, dim);
    if (Number.isNaN(score)) {
      throwFirstNonFinite('embeddings', embeddings, i * dim, dim);
      throwFirstNonFinite('embeddings', embeddings, j * dim, dim);
    }
    scores[index] = score;
  }
  return scores;
}

function countRows(embeddings: Float32Array | Float64Array, dim: number): number {
  const rows = embeddings.length / dim;
  if (!Number.isInteger(dim) || dim < 1 || !Number.isInteger(rows)) {
    throw new ShapeMismatchError(
      `${embeddings.length} numbers in rows of dim = ${dim}`,
      'embeddings [N, dim] with a positive integer dim',
      'pass the dimension of the embedding, and all rows whole.',
    );
  }
  return rows;
}

function checkRow(row: number, rows: number, index: number): void {
  if (Number.isInteger(row) && row >= 0 && row < rows) return;
  throw new PairsError(
    `pairs[${index}] names row ${row}`,
    `an integer, 0 ≤ row < ${rows}`,
    'build the pairs from the same list of pictures as the embeddings.',
    index,
  );
}
