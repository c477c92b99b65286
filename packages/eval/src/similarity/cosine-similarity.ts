import { NonFiniteError, ShapeMismatchError } from '@cf/core';

/** Sums of squares inside this range neither overflowed nor lost digits to underflow. */
const SMALLEST_SAFE = 1e-200;
const LARGEST_SAFE = 1e200;

/**
 * Cosine of the angle between two vectors: ⟨a, b⟩ / (‖a‖·‖b‖), in [−1, 1].
 *
 * Sums are accumulated in float64. A zero vector has cosine 0 with everything.
 *
 * @param a - `[d]`
 * @param b - `[d]`
 * @throws ShapeMismatchError (`E_SHAPE`) if the lengths differ.
 * @throws NonFiniteError (`E_NON_FINITE`) if a component is NaN or infinite.
 */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) {
    throw new ShapeMismatchError(
      `a [${a.length}] and b [${b.length}]`,
      'two vectors of the same length',
      'compare embeddings of one model.',
    );
  }
  const cosine = cosineOfRows(a, 0, b, 0, a.length);
  if (Number.isNaN(cosine)) {
    throwFirstNonFinite('a', a, 0, a.length);
    throwFirstNonFinite('b', b, 0, b.length);
  }
  return cosine;
}

/** Cosine of `a[aStart …]` and `b[bStart …]`, both of length `dim`; NaN exactly if one of them is not finite. */
export function cosineOfRows(
  a: ArrayLike<number>,
  aStart: number,
  b: ArrayLike<number>,
  bStart: number,
  dim: number,
): number {
  let dot = 0;
  let aSquares = 0;
  let bSquares = 0;
  for (let k = 0; k < dim; k++) {
    const x = a[aStart + k]!;
    const y = b[bStart + k]!;
    dot += x * y;
    aSquares += x * x;
    bSquares += y * y;
  }
  if (!isSafe(aSquares) || !isSafe(bSquares)) return rescaledCosine(a, aStart, b, bStart, dim);
  // Rounding may lift the cosine of parallel vectors just above 1.
  return clampToUnit(dot / (Math.sqrt(aSquares) * Math.sqrt(bSquares)));
}

/** Throws for the first component that is not finite; `name[index]` counts from the start of the whole array. */
export function throwFirstNonFinite(
  name: string,
  values: ArrayLike<number>,
  start: number,
  dim: number,
): void {
  for (let index = start; index < start + dim; index++) {
    if (!Number.isFinite(values[index])) {
      throw new NonFiniteError(
        name,
        index,
        values[index]!,
        'look at the picture or the model that gave this embedding.',
      );
    }
  }
}

function isSafe(sumOfSquares: number): boolean {
  return sumOfSquares > SMALLEST_SAFE && sumOfSquares < LARGEST_SAFE;
}

/** The slow way for zero, tiny, huge and non-finite vectors: each is divided by its largest component first. */
function rescaledCosine(
  a: ArrayLike<number>,
  aStart: number,
  b: ArrayLike<number>,
  bStart: number,
  dim: number,
): number {
  const aLargest = largestMagnitude(a, aStart, dim);
  const bLargest = largestMagnitude(b, bStart, dim);
  if (!Number.isFinite(aLargest) || !Number.isFinite(bLargest)) return Number.NaN;
  if (aLargest === 0 || bLargest === 0) return 0;
  const aScaled = new Float64Array(dim);
  const bScaled = new Float64Array(dim);
  for (let k = 0; k < dim; k++) {
    aScaled[k] = a[aStart + k]! / aLargest;
    bScaled[k] = b[bStart + k]! / bLargest;
  }
  return cosineOfRows(aScaled, 0, bScaled, 0, dim);
}

/** NaN if any component is NaN: `Math.max` passes it on. */
function largestMagnitude(values: ArrayLike<number>, start: number, dim: number): number {
  let largest = 0;
  for (let k = 0; k < dim; k++) largest = Math.max(largest, Math.abs(values[start + k]!));
  return largest;
}

function clampToUnit(cosine: number): number {
  return Math.min(1, Math.max(-1, cosine));
}
