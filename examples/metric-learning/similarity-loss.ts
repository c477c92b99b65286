/** Cosines [B, N] between the samples of a batch and what they are compared with: each other, or proxies. */
export interface Similarities {
  readonly cosines: Float64Array;
  /** B. */
  readonly rows: number;
  /** N. */
  readonly columns: number;
  /** Whether row and column are of one class; undefined where they are not compared, as a sample with itself. */
  same(row: number, column: number): boolean | undefined;
}

/** A loss of cosines, and its slope in each of them: [B, N]. */
export type SimilarityLoss = (similarities: Similarities) => {
  readonly loss: number;
  readonly slopes: Float64Array;
};

export interface EmbeddingGradient {
  readonly loss: number;
  /** ∂loss/∂embeddings: [B, d]. */
  readonly gradEmbeddings: Float32Array;
}

/** A loss of all pairs of a batch. @param embeddings [B, d], of any lengths */
export function pairLoss(
  loss: SimilarityLoss,
  embeddings: ArrayLike<number>,
  labels: ArrayLike<number>,
): EmbeddingGradient {
  const rows = labels.length;
  const samples = unitRows(embeddings, rows);
  const same = (i: number, j: number): boolean | undefined => (i === j ? undefined : labels[i] === labels[j]);
  const cosines = products(samples, samples);
  const { loss: value, slopes } = loss({ cosines, rows, columns: rows, same });
  // Each sample stands in its row and in its column.
  const both = slopes.map((slope, at) => slope + slopes[(at % rows) * rows + Math.floor(at / rows)]!);
  return { loss: value, gradEmbeddings: backThrough(samples, combined(both, samples, rows)) };
}

/** A loss of the pairs of samples and proxies, one a class. @param proxies [C, d], of any lengths */
export function proxyLoss(
  loss: SimilarityLoss,
  embeddings: ArrayLike<number>,
  labels: ArrayLike<number>,
  proxies: ArrayLike<number>,
  classes: number,
): EmbeddingGradient & { readonly gradProxies: Float32Array } {
  const rows = labels.length;
  const samples = unitRows(embeddings, rows);
  const centers = unitRows(proxies, classes);
  const cosines = products(samples, centers);
  const { loss: value, slopes } = loss({ cosines, rows, columns: classes, same: (i, c) => labels[i] === c });
  const turned = slopes.map((_, at) => slopes[(at % rows) * classes + Math.floor(at / rows)]!);
  return {
    loss: value,
    gradEmbeddings: backThrough(samples, combined(slopes, centers, rows)),
    gradProxies: backThrough(centers, combined(turned, samples, classes)),
  };
}

/** Rows brought to length 1, and how long they were. */
interface UnitRows {
  readonly unit: Float64Array;
  readonly lengths: Float64Array;
  readonly dim: number;
}

function unitRows(values: ArrayLike<number>, rows: number): UnitRows {
  const dim = values.length / rows;
  const unit = Float64Array.from(values);
  const lengths = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const row = unit.subarray(i * dim, (i + 1) * dim);
    lengths[i] = Math.hypot(...row);
    if (!(lengths[i]! > 0)) throw new RangeError(`row ${i} has no direction: its length is ${lengths[i]}`);
    for (let k = 0; k < dim; k++) row[k]! /= lengths[i]!;
  }
  return { unit, lengths, dim };
}

/** A·Bᵀ. */
function products(a: UnitRows, b: UnitRows): Float64Array {
  const [rows, columns, dim] = [a.lengths.length, b.lengths.length, a.dim];
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let k = 0; k < dim; k++) out[i * columns + j]! += a.unit[i * dim + k]! * b.unit[j * dim + k]!;
  return out;
}

/** Factors [rows, N] · unit rows [N, d]. */
function combined(factors: Float64Array, { unit, dim }: UnitRows, rows: number): Float64Array {
  const columns = factors.length / rows;
  const out = new Float64Array(rows * dim);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let k = 0; k < dim; k++) out[i * dim + k]! += factors[i * columns + j]! * unit[j * dim + k]!;
  return out;
}

/** From the gradient of x/‖x‖ to that of x: what points along x is lost. */
function backThrough({ unit, lengths, dim }: UnitRows, gradient: Float64Array): Float32Array {
  const out = new Float32Array(gradient.length);
  for (let i = 0; i < lengths.length; i++) {
    let along = 0;
    for (let k = 0; k < dim; k++) along += gradient[i * dim + k]! * unit[i * dim + k]!;
    for (let k = 0; k < dim; k++) {
      const at = i * dim + k;
      out[at] = (gradient[at]! - along * unit[at]!) / lengths[i]!;
    }
  }
  return out;
}
