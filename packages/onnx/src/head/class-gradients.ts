import type { Allocate, BatchContext, ClassGradients, HeadInspection } from '@cf/core';
import type { EmbeddingSums } from './embedding-sums.ts';

/** What a batch's gradients are put together from. */
export interface GradientParts {
  readonly embeddings: EmbeddingSums;
  readonly weights: Float32Array;
  readonly bias: Float32Array | undefined;
  /** Σ_j ∂L/∂z_ij·N_ij, what the gradient has along x where the row is scaled by the norm: [B]. */
  readonly radial: Float64Array;
  readonly inspection: HeadInspection | undefined;
  readonly skipped: number;
}

/** factor_i = logitScale_i·(∂L/∂z_ij)/e_ij, what a sample's slopes are multiplied by: [B]. */
export function factorsOf({ prepared }: BatchContext, perPartial: Float64Array): Float32Array {
  return Float32Array.from(perPartial, (value, i) => value * prepared.logitScale[i]!);
}

/** Makes the sums over the class centers tangential to x̂ and divides by ‖x‖. */
export function classGradients(
  { loss, x }: BatchContext,
  { embeddings, radial, ...rest }: GradientParts,
  allocate: Allocate,
): ClassGradients {
  const { count, dim, unit } = x;
  const sums = embeddings.total();
  const out = allocate(count * dim);
  for (let i = 0; i < count; i++) {
    const from = i * dim;
    let along = 0;
    if (loss.geometry !== 'inner') for (let k = 0; k < dim; k++) along += sums[from + k]! * unit[from + k]!;
    const inverse = x.inverse[i]!;
    const alongUnit = radial[i]!;
    for (let k = from; k < from + dim; k++)
      out[k] = (sums[k]! - along * unit[k]!) * inverse + alongUnit * unit[k]!;
  }
  return { ...rest, embeddings: out };
}
