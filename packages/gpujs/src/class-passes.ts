import {
  type BatchContext,
  type ClassPasses,
  closeBatch,
  emptyLogSumExp,
  type NegativesSeen,
  type ReducedBatch,
} from '@cf/core';
import { ClassTiles } from './class-tiles.ts';
import { RunningSum, uploadExponents } from './exponents.ts';
import { emptyGradients, type GradientTotals, gradientPass } from './gradient-pass.ts';
import type { HeadKernels } from './kernels/head-kernels.ts';
import { type KernelSet, type KernelValue, release } from './kernels/kernel-set.ts';
import { negativesPass } from './log-sum-exp-pass.ts';
import { Readback } from './readback.ts';
import { readsLosses } from './reads-losses.ts';
import type { StepContext } from './step-context.ts';

/** What a head has for all its steps. */
export interface PassParts {
  readonly set: KernelSet;
  readonly kernels: HeadKernels;
  readonly tileSize: number;
}

/**
 * Both passes over the classes of a batch, with one read-back where the log-sum-exp can be merged on the device, and two
 * where ∂loss/∂nll follows from the losses (focal, OHEM, self-paced) or the classes of other shards count as well.
 */
export async function classPasses(
  batch: BatchContext,
  { set, kernels, tileSize }: PassParts,
): Promise<ClassPasses> {
  const { loss, x, weights, bias } = batch;
  const tiles = await ClassTiles.open({ loss, set, kernels, x, weights, bias, tileSize });
  const context: StepContext = { ...batch, set, kernels, tiles, readback: new Readback() };
  const waits = batch.communicator !== undefined || readsLosses(loss.weighting, batch.mode);
  return {
    ...(waits ? inTwo(context) : inOne(context)),
    dispose() {
      context.readback.dispose();
      tiles.dispose();
    },
  };
}

/** The device merges the log-sum-exp for pass 2; the host does it again, in float64, for the losses. */
function inOne(context: StepContext): ClassPasses {
  const totals = emptyGradients(context);
  return {
    async negatives(): Promise<NegativesSeen> {
      // Whatever the negatives are, ∂loss/∂nll is this.
      const { dNll } = closeBatch(context, emptyLogSumExp(context.batch));
      const running = await RunningSum.start(context);
      let exponents: KernelValue | undefined;
      try {
        const seen = await negativesPass(context, running);
        exponents = await running.exponents(dNll);
        await gradientPass(context, exponents, totals);
        return seen();
      } finally {
        running.dispose();
        release(exponents);
      }
    },
    gradients: () => totals,
  };
}

/** The host needs the losses before it knows what pass 2 is to compute. */
function inTwo(context: StepContext): ClassPasses {
  const totals = emptyGradients(context);
  return {
    async negatives(): Promise<NegativesSeen> {
      const seen = await negativesPass(context);
      await context.readback.drain();
      return seen();
    },
    async gradients(reduced: ReducedBatch): Promise<GradientTotals> {
      const exponents = await uploadExponents(context, reduced);
      try {
        await gradientPass(context, exponents, totals);
      } finally {
        release(exponents);
      }
      return totals;
    },
  };
}
