/** Products of a batch with the rows of a tile, K a class. */
export interface RowProducts {
  /** [B, n·K]. */
  readonly products: Float32Array;
  /** 1/‖w‖ of each row: [n·K]; undefined where inner products count as they are. */
  readonly inverse: Float32Array | undefined;
  /** [n], added to the largest; undefined where there is none. */
  readonly bias: Float32Array | undefined;
  /** K. */
  readonly subCenters: number;
}

/**
 * The largest of each class's K, and which it is, of equal ones the first.
 *
 * @param cosines written to: [B, n]. @param winners written to: [B, n].
 */
export function nearest(
  { products, inverse, bias, subCenters }: RowProducts,
  cosines: Float32Array,
  winners: Int32Array,
  classes: number,
): void {
  const scale = inverse ?? new Float32Array(classes * subCenters).fill(1);
  for (let from = 0; from < cosines.length; from += classes) {
    for (let j = 0; j < classes; j++) {
      const first = (from + j) * subCenters;
      const row = j * subCenters;
      let best = 0;
      let largest = products[first]! * scale[row]!;
      for (let k = 1; k < subCenters; k++) {
        const next = products[first + k]! * scale[row + k]!;
        // Without a branch, which would be guessed wrong as often as not.
        best += (k - best) * Number(next > largest);
        largest = products[first + best]! * scale[row + best]!;
      }
      cosines[from + j] = largest;
      winners[from + j] = best;
    }
    if (bias !== undefined) for (let j = 0; j < classes; j++) cosines[from + j]! += bias[j]!;
  }
}

/**
 * Gives the slope of each class, divided by the norm, to the row that was the nearest, and 0 to the others.
 *
 * @param ofClasses [B, n]. @param slopes written to: [B, n·K].
 */
export function spreadSlopes(
  ofClasses: Float32Array,
  winners: Int32Array,
  { inverse, subCenters }: Pick<RowProducts, 'inverse' | 'subCenters'>,
  classes: number,
  slopes: Float32Array,
): void {
  const scale = inverse ?? new Float32Array(classes * subCenters).fill(1);
  slopes.fill(0);
  for (let from = 0; from < ofClasses.length; from += classes) {
    for (let j = 0; j < classes; j++) {
      const at = from + j;
      const row = winners[at]!;
      slopes[at * subCenters + row] = ofClasses[at]! * scale[j * subCenters + row]!;
    }
  }
}
