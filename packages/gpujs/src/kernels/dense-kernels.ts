import { COSINE_BOUND, type MarginLoss } from '@cf/core';
import { biasPlace } from './bias-place.ts';
import { COLUMN, type KernelSource, kernelText, loop, ROW, sumOf } from './kernel-source.ts';

/*
 * Matrices are laid out so that both operands of a sum are read along their rows, and so that the operand that the inner
 * loop over outputs reads again and again is the small one.
 */

const PRODUCT = sumOf('k', 'dim', (k) => `x[${COLUMN}][${k}] * w[${ROW}][${k}]`);

const ofPairs: KernelSource['output'] = ({ batch, classes }) => [batch!, classes!];

function withBias(loss: MarginLoss, ...parameters: readonly string[]): readonly string[] {
  return biasPlace(loss) === 'product' ? [...parameters, 'bias'] : parameters;
}

/** What becomes of an inner product in `result`. */
function finished(loss: MarginLoss): string {
  // Rounding may carry an inner product of unit vectors past ±1.
  if (loss.geometry !== 'inner') return `Math.min(Math.max(result, -${COSINE_BOUND}), ${COSINE_BOUND})`;
  return biasPlace(loss) === 'product' ? `result + bias[${ROW}]` : 'result';
}

/** Lines that look at the products of all rows of a class, the first in `result` and then each as `product`. */
function overRows(start: string, line: string, result: string): string[] {
  return [
    `const first = ${ROW} * this.constants.subCenters;`,
    `let result = products[first][${COLUMN}];`,
    start,
    ...loop('k', 'subCenters', [`const product = products[first + k][${COLUMN}];`, line]),
    `return ${result};`,
  ];
}

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
  return {
    name: 'cosines',
    text: kernelText(withBias(loss, 'x', 'w'), [...PRODUCT, `return ${finished(loss)};`]),
    output: ofPairs,
  };
}

/** (x̂, ŵ) → x·w of every row of W: [rows, B], where a class has several. */
export const productsKernel: KernelSource = {
  name: 'products',
  text: kernelText(['x', 'w'], [...PRODUCT, 'return result;']),
  output: ({ batch, rows }) => [batch!, rows!],
};

/** (products) → which row of its class is nearest, of equal ones the first: [classes, B]. */
export const winnersKernel: KernelSource = {
  name: 'winners',
  text: kernelText(
    ['products'],
    overRows(`let winner = 0;`, 'if (product > result) { result = product; winner = k; }', 'winner'),
  ),
  output: ofPairs,
};

/** (products[, bias]) → what {@link cosinesKernel} gives, of the nearest row of each class: [classes, B]. */
export function nearestKernel(loss: MarginLoss): KernelSource {
  const body = overRows('', 'result = Math.max(result, product);', finished(loss));
  return { name: 'nearest', text: kernelText(withBias(loss, 'products'), body), output: ofPairs };
}

/** (values [classes, B], winners) → the values at the nearest rows, 0 at all others: [rows, B]. */
export const toRowsKernel: KernelSource = {
  name: 'toRows',
  text: kernelText(
    ['values', 'winners'],
    [
      // Half a row more, so that a rounded quotient is never below a whole number that it is.
      `const j = Math.floor((${ROW} + 0.5) / this.constants.subCenters);`,
      `const k = ${ROW} - j * this.constants.subCenters;`,
      'let result = 0;',
      `if (winners[j][${COLUMN}] === k) { result = values[j][${COLUMN}]; }`,
      'return result;',
    ],
  ),
  output: ({ batch, rows }) => [batch!, rows!],
};

/** (slopesᵀ, ŵᵀ) → (Σ_j slope_ij·ŵ_j)ᵀ: [d, B]. */
export const embeddingsKernel: KernelSource = {
  name: 'embeddings',
  text: kernelText(
    ['slopes', 'w'],
    [...sumOf('j', 'rows', (j) => `slopes[${COLUMN}][${j}] * w[${ROW}][${j}]`), 'return result;'],
  ),
  output: ({ batch, dim }) => [batch!, dim!],
};

/** (cosines, slopes) → Σ_i slope_ij·cos θ_ij: [rows]. */
export const classAlongKernel: KernelSource = {
  name: 'classAlong',
  text: kernelText(
    ['cosines', 'slopes'],
    [...sumOf('i', 'batch', (i) => `slopes[${COLUMN}][${i}] * cosines[${COLUMN}][${i}]`), 'return result;'],
  ),
  output: ({ rows }) => [rows!],
};

/** (slopes, x̂ᵀ, along, ŵ) → Σ_i slope_ij·x̂_i − along_j·ŵ_j, or (slopes, xᵀ) → Σ_i slope_ij·x_i: [rows, d]. */
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
    output: ({ rows, dim }) => [dim!, rows!],
  };
}
