import type { MarginLoss, PreparedBatch, ReducedBatch, UnitRows } from '@cf/core';

/** factor_i = (row scale)·dNll_i·e^{shift_i}/Σ_j e^{z_ij}, what a sample's slopes are multiplied by: [B]. */
export function factorsOf(scale: Float64Array, prepared: PreparedBatch, reduced: ReducedBatch): Float32Array {
  return Float32Array.from(scale, (value, i) => value * reduced.dNll[i]! * prepared.logitScale[i]!);
}

/** sums_i += factor_i·rows_i, row by row: [B, d]. */
export function addRows<Sums extends Float32Array | Float64Array>(
  sums: Sums,
  rows: Float32Array,
  factor: Float32Array,
  dim: number,
): Sums {
  factor.forEach((value, i) => {
    for (let k = i * dim; k < (i + 1) * dim; k++) sums[k]! += value * rows[k]!;
  });
  return sums;
}

/**
 * Makes the sum over the class centers tangential to x̂ and divides by ‖x‖.
 *
 * @param radial Σ_j ∂L/∂z_ij·N_ij, what the gradient has along x where the row is scaled by the norm: [B].
 */
export function addEmbeddings(
  loss: MarginLoss,
  x: UnitRows,
  sums: Float64Array,
  radial: Float64Array,
  embeddings: Float64Array,
): void {
  const { count, dim, unit } = x;
  for (let i = 0; i < count; i++) {
    const from = i * dim;
    let along = 0;
    if (loss.geometry !== 'inner') for (let k = 0; k < dim; k++) along += sums[from + k]! * unit[from + k]!;
    for (let k = from; k < from + dim; k++) {
      embeddings[k]! += (sums[k]! - along * unit[k]!) * x.inverse[i]! + radial[i]! * unit[k]!;
    }
  }
}
