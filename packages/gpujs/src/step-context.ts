import type { BatchContext } from '@cf/core';
import type { ClassTiles } from './class-tiles.ts';
import type { HeadKernels } from './kernels/head-kernels.ts';
import type { KernelSet } from './kernels/kernel-set.ts';
import type { Readback } from './readback.ts';

/** What both passes over the classes share: the batch, and what works on it. */
export interface StepContext extends BatchContext {
  readonly set: KernelSet;
  readonly kernels: HeadKernels;
  readonly tiles: ClassTiles;
  readonly readback: Readback;
}
