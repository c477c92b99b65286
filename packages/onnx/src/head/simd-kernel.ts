import { BackendError, type MarginLoss } from '@cf/core';
import { reasonOf } from '../errors.ts';
import { hasFusedMultiplyAdd } from '../simd/fused-multiply-add.ts';
import type { LinearMemory } from '../simd/linear-memory.ts';
import { rowKernel } from '../simd/row-kernel.ts';

/** A function of the kernel, on byte addresses. @see rowKernel */
export type RowFunction = (
  products: number,
  classes: number,
  count: number,
  parameters: number,
  results: number,
) => void;

/** The kernel of one loss and the memory that it works in, kept from step to step. */
export interface SimdKernel {
  readonly linear: LinearMemory;
  readonly functions: Readonly<Record<'peak' | 'sums' | 'counted' | 'gradients', RowFunction>>;
}

/**
 * Compiles the kernel of a loss.
 *
 * @param linear may be shared by kernels that do not run in the same passes.
 * @throws BackendError where WebAssembly has no SIMD
 */
export async function openSimdKernel(loss: MarginLoss, linear: LinearMemory): Promise<SimdKernel> {
  try {
    const bytes = rowKernel(loss, hasFusedMultiplyAdd());
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory: linear.memory } });
    return { linear, functions: instance.exports as unknown as SimdKernel['functions'] };
  } catch (cause) {
    throw new BackendError(
      `WebAssembly without what the kernel of ${loss.name} needs (${reasonOf(cause)})`,
      'fixed-width SIMD',
      "open the backend with elementwise: 'graph'.",
      cause,
    );
  }
}
