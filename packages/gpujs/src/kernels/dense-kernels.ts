import { COSINE_BOUND, type MarginLoss } from '@cf/core';
import { COLUMN, type KernelSource, kernelText, loop, ONLY, ROW } from './kernel-source.ts';

/** (x, w[, bias]) → cos θ_ij, or x·w + b where the geometry is `inner`: [B, classes]. */
export function cosinesKernel(loss: MarginLoss): KernelSource {
  const parameters = loss.bias ? ['x', 'w', 'bias'] : ['x', 'w'];
  const product = loop('k', 'dim', 0, [`result += x[${ROW}][k] * w[${COLUMN}][k];`]);
  const text = kernelText(parameters, [...product, `return ${finished(loss)};`]);
  return { name: 'cosines', text, output: 'batch × classes', resident: true };
}

function finished(loss: MarginLoss): string {
  // Rounding may carry an inner product of unit vectors past ±1.
  if (loss.geometry !== 'inner') return `Math.min(Math.max(result, -${COSINE_BOUND}), ${COSINE_BOUND})`;
  return loss.bias ? `result + bias[${COLUMN}]` : 'result';
}

/** (cosines, slopes) → Σ_j slope_ij·cos θ_ij: [B]. */
export const sampleAlongKernel: KernelSource = {
  name: 'sampleAlong',
  text: kernelText(
    ['cosines', 'slopes'],
    [...loop('j', 'classes', 0, [`result += slopes[${ONLY}][j] * cosines[${ONLY}][j];`]), 'return result;'],
  ),
  output: 'batch',
  resident: true,
};

/** (cosines, slopes) → Σ_i slope_ij·cos θ_ij: [classes]. */
export const classAlongKernel: KernelSource = {
  name: 'classAlong',
  text: kernelText(
    ['cosines', 'slopes'],
    [...loop('i', 'batch', 0, [`result += slopes[i][${ONLY}] * cosines[i][${ONLY}];`]), 'return result;'],
  ),
  output: 'classes',
  resident: true,
};

/** (slopes, w, along, x) → Σ_j slope_ij·ŵ_j − along_i·x̂_i, or (slopes, w) → Σ_j slope_ij·w_j: [B, d]. */
export function embeddingsKernel(loss: MarginLoss): KernelSource {
  const sum = loop('j', 'classes', 0, [`result += slopes[${ROW}][j] * w[j][${COLUMN}];`]);
  return combination(loss, 'embeddings', 'w', 'x', sum, 'batch × dim');
}

/** (slopes, x, along, w) → Σ_i slope_ij·x̂_i − along_j·ŵ_j, or (slopes, x) → Σ_i slope_ij·x_i: [classes, d]. */
export function weightsKernel(loss: MarginLoss): KernelSource {
  const sum = loop('i', 'batch', 0, [`result += slopes[i][${ROW}] * x[i][${COLUMN}];`]);
  return combination(loss, 'weights', 'x', 'w', sum, 'classes × dim');
}

function combination(
  loss: MarginLoss,
  name: string,
  others: string,
  own: string,
  sum: readonly string[],
  output: KernelSource['output'],
): KernelSource {
  const plain = loss.geometry === 'inner';
  const parameters = plain ? ['slopes', others] : ['slopes', others, 'along', own];
  // The part of the sum along the vector itself: moving along it changes no cosine.
  const along = plain ? '' : ` - along[${ROW}] * ${own}[${ROW}][${COLUMN}]`;
  return {
    name,
    text: kernelText(parameters, [...sum, `return result${along};`]),
    output,
    resident: false,
  };
}
