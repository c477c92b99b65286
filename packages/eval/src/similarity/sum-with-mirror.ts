import { ShapeMismatchError } from '@cf/core';

/**
 * Flip averaging: the features of each picture plus those of its mirror image, element by element.
 *
 * The sum is not divided by two, because a cosine does not see the length of its vectors.
 * The features go in as the model gives them, before any normalisation.
 *
 * @param features - `[N, d]`, features of the pictures.
 * @param mirrored - `[N, d]`, features of the same pictures flipped left to right.
 * @returns A new array `[N, d]` of the type of `features`.
 * @throws ShapeMismatchError (`E_SHAPE`) if the lengths differ.
 */
export function sumWithMirror<T extends Float32Array | Float64Array>(features: T, mirrored: NoInfer<T>): T {
  if (features.length !== mirrored.length) {
    throw new ShapeMismatchError(
      `features of ${features.length} and mirrored of ${mirrored.length} numbers`,
      'the same number',
      'embed the same pictures twice, as they are and flipped.',
    );
  }
  const sum = features.slice() as T;
  for (let k = 0; k < sum.length; k++) sum[k]! += mirrored[k]!;
  return sum;
}
