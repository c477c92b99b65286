/** Vectors that one sweep over a gallery is multiplied with. */
export const PROBES_AT_ONCE = 4;

/** Up to four vectors side by side, number k of the j-th at 4·k + j; what is missing is zero. */
export function interleaved(
  rows: Float32Array,
  inverseLengths: Float64Array,
  [from, to]: readonly [number, number],
  dim: number,
): Float64Array {
  const probes = new Float64Array(PROBES_AT_ONCE * dim);
  for (let j = 0; j < to - from; j++) {
    const length = inverseLengths[from + j]!;
    for (let k = 0; k < dim; k++) probes[PROBES_AT_ONCE * k + j] = rows[(from + j) * dim + k]! * length;
  }
  return probes;
}

/** Products of a row and four vectors, each summed in float64, into `out`. */
export function fourProducts(
  rows: Float32Array,
  start: number,
  dim: number,
  probes: Float64Array,
  out: Float64Array,
): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let k = 0, p = 0; k < dim; k++, p += PROBES_AT_ONCE) {
    const x = rows[start + k]!;
    a += x * probes[p]!;
    b += x * probes[p + 1]!;
    c += x * probes[p + 2]!;
    d += x * probes[p + 3]!;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/** The product of a row and the first of the vectors: four sums side by side, for one would wait for itself. */
export function oneProduct(rows: Float32Array, start: number, dim: number, probe: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const even = dim - (dim % 4);
  for (let k = 0; k < even; k += 4) {
    a += rows[start + k]! * probe[k]!;
    b += rows[start + k + 1]! * probe[k + 1]!;
    c += rows[start + k + 2]! * probe[k + 2]!;
    d += rows[start + k + 3]! * probe[k + 3]!;
  }
  for (let k = even; k < dim; k++) a += rows[start + k]! * probe[k]!;
  return a + b + (c + d);
}

/** Rounding may lift the cosine of parallel vectors just above 1. */
export function toCosine(value: number): number {
  return Math.min(1, Math.max(-1, value));
}
