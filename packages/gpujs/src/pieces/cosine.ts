import { COSINE_BOUND, NORM_FLOOR } from '@cf/core';
import type { GPU } from 'gpu.js';
import { COLUMN, ROW, sumOf } from '../kernels/kernel-source.ts';
import {
  type KernelArgument,
  type KernelMatrix,
  type KernelVector,
  openPiece,
  type PieceKernel,
  type PieceOptions,
} from './piece-kernel.ts';

/** B, C and d. */
export type CosineSizes = { readonly batch: number; readonly classes: number; readonly dim: number };

/**
 * (v [rows, d]) → 1/‖v‖ of each row: [rows]; 0 for a zero vector, so that its cosines and gradients are 0.
 *
 * Norms are float32: squares under 1e-38 vanish.
 */
export function createInverseNormKernel(
  gpu: GPU,
  sizes: { readonly rows: number; readonly dim: number },
  options: PieceOptions = {},
): PieceKernel<[v: KernelArgument], KernelVector> {
  const body = [
    ...sumOf('k', 'dim', (k) => `v[${COLUMN}][${k}] * v[${COLUMN}][${k}]`),
    'let inverse = 0;',
    `if (Math.sqrt(result) > ${NORM_FLOOR}) { inverse = 1 / Math.sqrt(result); }`,
    'return inverse;',
  ];
  return openPiece(gpu, 'inverseNorm', ['v'], body, sizes, [sizes.rows], options);
}

/** (X [B, d], 1/‖x‖ [B], W [C, d], 1/‖w‖ [C]) → cos θ_ij: [B, C]. */
export function createCosineKernel(
  gpu: GPU,
  sizes: CosineSizes,
  options: PieceOptions = {},
): PieceKernel<
  [x: KernelArgument, inverseX: KernelArgument, w: KernelArgument, inverseW: KernelArgument],
  KernelMatrix
> {
  const body = [
    ...sumOf('k', 'dim', (k) => `x[${ROW}][${k}] * w[${COLUMN}][${k}]`),
    `const cos = result * inverseX[${ROW}] * inverseW[${COLUMN}];`,
    `return Math.min(Math.max(cos, -${COSINE_BOUND}), ${COSINE_BOUND});`,
  ];
  return openPiece(
    gpu,
    'cosine',
    ['x', 'inverseX', 'w', 'inverseW'],
    body,
    sizes,
    [sizes.classes, sizes.batch],
    options,
  );
}

/** What the two gradients of the cosines read; `slopes` are ∂loss/∂cos θ_ij: [B, C]. */
export type CosineGradientArguments = [
  slopes: KernelArgument,
  cosines: KernelArgument,
  x: KernelArgument,
  inverseX: KernelArgument,
  w: KernelArgument,
  inverseW: KernelArgument,
];

const GRADIENT_PARAMETERS = ['slopes', 'cosines', 'x', 'inverseX', 'w', 'inverseW'];

/** (∂loss/∂cos, cos, X, 1/‖x‖, W, 1/‖w‖) → ∂loss/∂X = Σ_j slope_ij·(ŵ_j − cos θ_ij·x̂_i)/‖x_i‖: [B, d]. */
export function createEmbeddingGradientKernel(
  gpu: GPU,
  sizes: CosineSizes,
  options: PieceOptions = {},
): PieceKernel<CosineGradientArguments, KernelMatrix> {
  const body = [
    `const own = x[${ROW}][${COLUMN}] * inverseX[${ROW}];`,
    ...sumOf(
      'j',
      'classes',
      (j) => `slopes[${ROW}][${j}] * (w[${j}][${COLUMN}] * inverseW[${j}] - cosines[${ROW}][${j}] * own)`,
    ),
    `return result * inverseX[${ROW}];`,
  ];
  return openPiece(
    gpu,
    'embeddingGradient',
    GRADIENT_PARAMETERS,
    body,
    sizes,
    [sizes.dim, sizes.batch],
    options,
  );
}

/** (∂loss/∂cos, cos, X, 1/‖x‖, W, 1/‖w‖) → ∂loss/∂W = Σ_i slope_ij·(x̂_i − cos θ_ij·ŵ_j)/‖w_j‖: [C, d]. */
export function createCenterGradientKernel(
  gpu: GPU,
  sizes: CosineSizes,
  options: PieceOptions = {},
): PieceKernel<CosineGradientArguments, KernelMatrix> {
  const body = [
    `const own = w[${ROW}][${COLUMN}] * inverseW[${ROW}];`,
    ...sumOf(
      'i',
      'batch',
      (i) => `slopes[${i}][${ROW}] * (x[${i}][${COLUMN}] * inverseX[${i}] - cosines[${i}][${ROW}] * own)`,
    ),
    `return result * inverseW[${ROW}];`,
  ];
  return openPiece(
    gpu,
    'centerGradient',
    GRADIENT_PARAMETERS,
    body,
    sizes,
    [sizes.dim, sizes.classes],
    options,
  );
}
