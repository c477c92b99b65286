/**
 * The dense products of a tile, row-major, float64. Each entry sums its terms in an order that does not depend on
 * the tile, so a recomputed tile has the same bits.
 */

/** out[i, j] = Σ_k a[i, k]·b[j, k]: [rows, dim] × [columns, dim] → [rows, columns]. */
export function innerProducts(
  a: Float64Array,
  rows: number,
  b: Float64Array,
  columns: number,
  dim: number,
  out: Float64Array,
): void {
  const even = columns - (columns % 4);
  for (let i = 0; i < rows; i++) {
    const ai = i * dim;
    for (let j = 0; j < even; j += 4) {
      const b0 = j * dim;
      const b1 = b0 + dim;
      const b2 = b1 + dim;
      const b3 = b2 + dim;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let k = 0; k < dim; k++) {
        const x = a[ai + k]!;
        s0 += x * b[b0 + k]!;
        s1 += x * b[b1 + k]!;
        s2 += x * b[b2 + k]!;
        s3 += x * b[b3 + k]!;
      }
      const o = i * columns + j;
      out[o] = s0;
      out[o + 1] = s1;
      out[o + 2] = s2;
      out[o + 3] = s3;
    }
    for (let j = even; j < columns; j++) {
      let s = 0;
      for (let k = 0; k < dim; k++) s += a[ai + k]! * b[j * dim + k]!;
      out[i * columns + j] = s;
    }
  }
}

/** out[k] += Σ_j coefficients[j]·rows[j, k], for the `count` rows from `start` of a matrix [.., dim]. */
export function addCombination(
  coefficients: Float64Array,
  from: number,
  stride: number,
  count: number,
  rows: Float64Array,
  dim: number,
  out: Float64Array,
  outFrom: number,
): void {
  for (let j = 0; j < count; j++) {
    const c = coefficients[from + j * stride]!;
    if (c === 0) continue;
    const r = j * dim;
    for (let k = 0; k < dim; k++) out[outFrom + k]! += c * rows[r + k]!;
  }
}
