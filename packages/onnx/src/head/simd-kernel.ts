import { BackendError, type MarginLoss, reasonOf } from '@cf/core';
import { hasFusedMultiplyAdd } from '../simd/fused-multiply-add.ts';
import type { LinearMemory } from '../simd/linear-memory.ts';
import { rowKernel } from '../simd/row-kernel.ts';
import type { KernelFunctions } from './sweep-rows.ts';
import { SweepThreads, type TileProgram } from './sweep-threads.ts';

/** The kernel of one loss and the memory that it works in, kept from step to step. */
export interface SimdKernel {
  readonly linear: LinearMemory;
  /** Run it. */
  readonly threads: SweepThreads;
}

/**
 * Compiles the kernel of a loss.
 *
 * @param linear may be used by several kernels that do not run in the same passes.
 * @param helpers threads beside this one that sweep, where the memory is one that threads share.
 * @param program what they can run as well
 * @throws BackendError where WebAssembly has no SIMD
 */
export async function openSimdKernel(
  loss: MarginLoss,
  linear: LinearMemory,
  helpers: number = 0,
  program?: TileProgram,
): Promise<SimdKernel> {
  const { memory, shared } = linear;
  try {
    const bytes = rowKernel(loss, hasFusedMultiplyAdd(), shared);
    const { instance, module } = await WebAssembly.instantiate(bytes, { env: { memory } });
    const functions = instance.exports as unknown as KernelFunctions;
    const threads = new SweepThreads({ functions, module, memory, helpers: shared ? helpers : 0, program });
    return { linear, threads };
  } catch (cause) {
    throw new BackendError(
      `WebAssembly without what the kernel of ${loss.name} needs (${reasonOf(cause)})`,
      'fixed-width SIMD',
      "open the backend with elementwise: 'graph'.",
      cause,
    );
  }
}
