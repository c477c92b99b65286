import { COSINE_BOUND, NORM_FLOOR } from '@cf/core';
import { COLUMN, ROW, sumOf } from '../kernels/kernel-source.ts';
import {
  type KernelArgument,
  type KernelMatrix,
  type KernelVector,
  type PieceFactory,
  pieceFactory,
} from './piece-kernel.ts';

/** B, C and d. */
export type CosineSizes = { readonly batch: number; readonly classes: number; readonly dim: number };

/**
 * (v [rows, d]) → 1/‖v‖ of each row: [rows]; 0 for a zero vector, so that its cosines and gradients are 0.
 *
 * Norms are float32: squares under 1e-38 vanish.
 */
export const createInverseNormKernel: PieceFactory<
  { readonly rows: number; readonly dim: number },
  [v: KernelArgument],
  KernelVector
> = /* @__PURE__ */ pieceFactory({
  name: 'inverseNorm',
  parameters: ['v'],
  body: [
    ...sumOf('k', 'dim', (k) => `v[${COLUMN}][${k}] * v[${COLUMN}][${k}]`),
    'let inverse = 0;',
    `if (Math.sqrt(result) > ${NORM_FLOOR}) { inverse = 1 / Math.sqrt(result); }`,
    'return inverse;',
  ],
  output: ({ rows }) => [rows],
});

/** (X [B, d], 1/‖x‖ [B], W [C, d], 1/‖w‖ [C]) → cos θ_ij: [B, C]. */
export const createCosineKernel: PieceFactory<
  CosineSizes,
  [x: KernelArgument, inverseX: KernelArgument, w: KernelArgument, inverseW: KernelArgument],
  KernelMatrix
> = /* @__PURE__ */ pieceFactory({
  name: 'cosine',
  parameters: ['x', 'inverseX', 'w', 'inverseW'],
  body: [
    ...sumOf('k', 'dim', (k) => `x[${ROW}][${k}] * w[${COLUMN}][${k}]`),
    `const cos = result * inverseX[${ROW}] * inverseW[${COLUMN}];`,
    `return Math.min(Math.max(cos, -${COSINE_BOUND}), ${COSINE_BOUND});`,
  ],
  output: ({ batch, classes }) => [classes, batch],
});

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
export const createEmbeddingGradientKernel: PieceFactory<CosineSizes, CosineGradientArguments, KernelMatrix> =
  /* @__PURE__ */ pieceFactory({
    name: 'embeddingGradient',
    parameters: GRADIENT_PARAMETERS,
    body: [
      `const own = x[${ROW}][${COLUMN}] * inverseX[${ROW}];`,
      ...sumOf(
        'j',
        'classes',
        (j) => `slopes[${ROW}][${j}] * (w[${j}][${COLUMN}] * inverseW[${j}] - cosines[${ROW}][${j}] * own)`,
      ),
      `return result * inverseX[${ROW}];`,
    ],
    output: ({ batch, dim }) => [dim, batch],
  });

/** (∂loss/∂cos, cos, X, 1/‖x‖, W, 1/‖w‖) → ∂loss/∂W = Σ_i slope_ij·(x̂_i − cos θ_ij·ŵ_j)/‖w_j‖: [C, d]. */
export const createCenterGradientKernel: PieceFactory<CosineSizes, CosineGradientArguments, KernelMatrix> =
  /* @__PURE__ */ pieceFactory({
    name: 'centerGradient',
    parameters: GRADIENT_PARAMETERS,
    body: [
      `const own = w[${ROW}][${COLUMN}] * inverseW[${ROW}];`,
      ...sumOf(
        'i',
        'batch',
        (i) => `slopes[${i}][${ROW}] * (x[${i}][${COLUMN}] * inverseX[${i}] - cosines[${i}][${ROW}] * own)`,
      ),
      `return result * inverseW[${ROW}];`,
    ],
    output: ({ classes, dim }) => [dim, classes],
  });
