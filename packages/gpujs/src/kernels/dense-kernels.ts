import { COSINE_BOUND, type MarginLoss } from '@cf/core';
import { COLUMN, type KernelSource, kernelText, ROW, sumOf } from './kernel-source.ts';

/*
 * Matrices are laid out so that both operands of a sum are read along their rows, and so that the operand that the inner
 * loop over outputs reads again and again is the small one.
 */

/** (values) → the same: brings a matrix onto the device, as an argument of several kernels. */
export const uploadKernel: KernelSource = {
  name: 'upload',
  text: kernelText(['values'], [`return values[${ROW}][${COLUMN}];`]),
  output: ({ rows, columns }) => [columns!, rows!],
};

/** (values) → valuesᵀ; rows and columns are those of the result. */
export const transposeKernel: KernelSource = {
  name: 'transpose',
  text: kernelText(['values'], [`return values[${COLUMN}][${ROW}];`]),
  output: ({ rows, columns }) => [columns!, rows!],
};

/** (x̂, ŵ[, bias]) → cos θ_ij, or x·w + b where the geometry is `inner`: [classes, B]. */
export function cosinesKernel(loss: MarginLoss): KernelSource {
  const parameters = loss.bias ? ['x', 'w', 'bias'] : ['x', 'w'];
  const product = sumOf('k', 'dim', (k) => `x[${COLUMN}][${k}] * w[${ROW}][${k}]`);
  const text = kernelText(parameters, [...product, `return ${finished(loss)};`]);
  return { name: 'cosines', text, output: ({ batch, classes }) => [batch!, classes!] };
}

function finished(loss: MarginLoss): string {
  // Rounding may carry an inner product of unit vectors past ±1.
  if (loss.geometry !== 'inner') return `Math.min(Math.max(result, -${COSINE_BOUND}), ${COSINE_BOUND})`;
  return loss.bias ? `result + bias[${ROW}]` : 'result';
}

/** (slopesᵀ, ŵᵀ) → (Σ_j slope_ij·ŵ_j)ᵀ: [d, B]. */
export const embeddingsKernel: KernelSource = {
  name: 'embeddings',
  text: kernelText(
    ['slopes', 'w'],
    [...sumOf('j', 'classes', (j) => `slopes[${COLUMN}][${j}] * w[${ROW}][${j}]`), 'return result;'],
  ),
  output: ({ batch, dim }) => [batch!, dim!],
};

/** (cosines, slopes) → Σ_i slope_ij·cos θ_ij: [classes]. */
export const classAlongKernel: KernelSource = {
  name: 'classAlong',
  text: kernelText(
    ['cosines', 'slopes'],
    [...sumOf('i', 'batch', (i) => `slopes[${COLUMN}][${i}] * cosines[${COLUMN}][${i}]`), 'return result;'],
  ),
  output: ({ classes }) => [classes!],
};

/** (slopes, x̂ᵀ, along, ŵ) → Σ_i slope_ij·x̂_i − along_j·ŵ_j, or (slopes, xᵀ) → Σ_i slope_ij·x_i: [classes, d]. */
export function weightsKernel(loss: MarginLoss): KernelSource {
  const plain = loss.geometry === 'inner';
  const sum = sumOf('i', 'batch', (i) => `slopes[${ROW}][${i}] * x[${COLUMN}][${i}]`);
  // The part of the sum along the vector itself: moving along it changes no cosine.
  const along = plain ? '' : ` - along[${ROW}] * w[${ROW}][${COLUMN}]`;
  return {
    name: 'weights',
    text: kernelText(plain ? ['slopes', 'x'] : ['slopes', 'x', 'along', 'w'], [
      ...sum,
      `return result${along};`,
    ]),
    output: ({ classes, dim }) => [dim!, classes!],
  };
}
