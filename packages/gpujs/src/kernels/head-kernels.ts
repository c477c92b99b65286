import type { MarginLoss } from '@cf/core';
import {
  classAlongKernel,
  cosinesKernel,
  embeddingsKernel,
  nearestKernel,
  productsKernel,
  toRowsKernel,
  transposeKernel,
  weightsKernel,
  winnersKernel,
} from './dense-kernels.ts';
import { type ExponentKernels, exponentKernels } from './exponent-kernels.ts';
import type { KernelSource } from './kernel-source.ts';
import { type NegativeKernels, negativeKernels } from './negative-kernels.ts';

/** Every kernel of a loss. */
export interface HeadKernels extends NegativeKernels, ExponentKernels {
  readonly cosines: KernelSource;
  readonly products: KernelSource;
  readonly winners: KernelSource;
  readonly nearest: KernelSource;
  readonly toRows: KernelSource;
  readonly transpose: KernelSource;
  readonly embeddings: KernelSource;
  readonly classAlong: KernelSource;
  readonly weights: KernelSource;
}

/** Writes the kernels of a loss, for any mode of gpu.js. */
export function headKernels(loss: MarginLoss): HeadKernels {
  return {
    ...negativeKernels(loss),
    ...exponentKernels,
    cosines: cosinesKernel(loss),
    products: productsKernel,
    winners: winnersKernel,
    nearest: nearestKernel(loss),
    toRows: toRowsKernel,
    transpose: transposeKernel,
    embeddings: embeddingsKernel,
    classAlong: classAlongKernel,
    weights: weightsKernel(loss),
  };
}
