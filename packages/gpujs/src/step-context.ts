import type { MarginLoss, PreparedBatch, UnitRows } from '@cf/core';
import type { ClassTiles } from './class-tiles.ts';
import type { HeadKernels } from './kernels/head-kernels.ts';
import type { KernelSet } from './kernels/kernel-set.ts';

/** What both passes over the classes share. */
export interface StepContext {
  readonly loss: MarginLoss;
  readonly set: KernelSet;
  readonly kernels: HeadKernels;
  readonly tiles: ClassTiles;
  readonly x: UnitRows;
  readonly labels: Int32Array;
  readonly prepared: PreparedBatch;
}
