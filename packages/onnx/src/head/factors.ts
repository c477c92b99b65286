import type { MarginLoss, PreparedBatch, ReducedBatch, UnitRows } from '@cf/core';
import type { TileSums } from './class-tiles.ts';

/** e^{shift_i}/Σ_j e^{z_ij}, what turns a tile's e^{z − shift} into probabilities: [B] a tile. */
export function shiftScales(sums: readonly TileSums[], { logSumExp }: ReducedBatch): readonly Float64Array[] {
  const known = new Map<Float32Array, Float64Array>();
  return sums.map(({ shift }) => {
    let scale = known.get(shift);
    if (scale === undefined) {
      scale = Float64Array.from(shift, (value, i) =>
        Number.isNaN(value) ? 0 : Math.exp(value - logSumExp[i]!),
      );
      known.set(shift, scale);
    }
    return scale;
  });
}

/** factor_i = (row scale)·dNll_i·e^{shift_i}/Σ_j e^{z_ij}, what a sample's slopes are multiplied by: [B]. */
export function factorsOf(scale: Float64Array, prepared: PreparedBatch, reduced: ReducedBatch): Float32Array {
  return Float32Array.from(scale, (value, i) => value * reduced.dNll[i]! * prepared.rowScale[i]!);
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

/** Σ_j g_ij·N_ij, what the gradient has along x where the row is scaled by the norm: [B]. */
export function radials(
  loss: MarginLoss,
  sums: readonly TileSums[],
  scales: readonly Float64Array[],
  reduced: ReducedBatch,
): Float64Array {
  const out = new Float64Array(reduced.dNll.length);
  if (loss.geometry !== 'norm-scaled') return out;
  for (const [tile, { radial }] of sums.entries()) {
    for (let i = 0; i < out.length; i++) out[i]! += radial[i]! * scales[tile]![i]! * reduced.dNll[i]!;
  }
  return out;
}

/** Makes the sum over the class centers tangential to x̂ and divides by ‖x‖. */
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
