import {
  type BatchContext,
  batchOps,
  type ClassGradients,
  type ClassPasses,
  type PairsSeen,
  readsLosses,
  scalarsOf,
  surveyLoss,
  weightSamples,
} from '@cf/core';
import { ClassTiles } from './class-tiles.ts';
import { RunningSum, uploadFactors } from './factors.ts';
import { GradientSums } from './gradient-sums.ts';
import type { HeadKernels } from './kernels/head-kernels.ts';
import { type KernelSet, type KernelValue, release } from './kernels/kernel-set.ts';
import { Readback } from './readback.ts';
import { Statistics } from './statistics.ts';
import type { StepContext } from './step-context.ts';

/** What a head has for all its steps. */
export interface PassParts {
  readonly set: KernelSet;
  readonly kernels: HeadKernels;
  /** Undefined: {@link DEFAULT_ROWS}. */
  readonly tileSize: number | undefined;
}

/** Rows of W a tile: the least texture side that WebGL 2 guarantees. */
const DEFAULT_ROWS = 2048;

/**
 * The passes over the classes of a batch, with one read-back where ∂loss/∂ℓ and the targets' logits are known beforehand,
 * and two where they follow from the losses (focal, OHEM, self-paced) or from sums over the negatives (NPCFace), or where
 * the classes of other shards count as well.
 */
export async function classPasses(
  batch: BatchContext,
  { set, kernels, tileSize }: PassParts,
): Promise<ClassPasses> {
  const { loss, subCenters } = batch;
  const rereads = readsLosses(loss.weighting, batch.mode);
  const onePass = loss.objective.kind === 'binary' && !rereads;
  const tiles = await ClassTiles.open({
    batch,
    set,
    kernels,
    tileSize: tileSize ?? Math.max(1, Math.floor(DEFAULT_ROWS / subCenters)),
    ...(onePass ? { keptNumbers: 0 } : {}),
  });
  const context: StepContext = { ...batch, set, kernels, tiles, readback: new Readback() };
  // A survey has no second pass.
  const alone = batch.meetings === undefined && loss !== surveyLoss;
  return {
    ...(alone && !rereads && loss.negativeSums === undefined ? inOne(context) : inTwo(context)),
    pairs: (dNll) => pairs(context, dNll),
    dispose() {
      context.readback.dispose();
      tiles.dispose();
    },
  };
}

type SoftmaxPasses = Pick<ClassPasses, 'negatives' | 'gradients'>;

/** The device merges the log-sum-exp for pass 2; the host does it again, in float64, for the losses. */
function inOne(context: StepContext): SoftmaxPasses {
  let gradients: ClassGradients;
  return {
    async negatives() {
      const { loss, batch, tiles, sampleWeights, state, mode } = context;
      const samples = { nll: new Float64Array(batch), sampleWeights, state: scalarsOf(state.values), mode };
      // Whatever the losses are, ∂loss/∂ℓ is this.
      const { dNll } = weightSamples(batchOps, loss, samples);
      const running = await RunningSum.start(context);
      let factors: KernelValue | undefined;
      try {
        const statistics = new Statistics(context, running);
        await tiles.each('forwards', (tile) => statistics.add(tile));
        factors = await running.factors(dNll);
        const sums = new GradientSums(context, factors);
        await tiles.each('backwards', (tile) => sums.add(tile));
        gradients = await sums.finish();
        return statistics.seen();
      } finally {
        running.dispose();
        release(factors);
      }
    },
    gradients: () => gradients,
  };
}

/** The host must see the negatives before it knows what pass 2 is to compute. */
function inTwo(context: StepContext): SoftmaxPasses {
  return {
    async negatives() {
      const statistics = new Statistics(context);
      await context.tiles.each('forwards', (tile) => statistics.add(tile));
      await context.readback.drain();
      return statistics.seen();
    },
    async gradients({ dNll, logSumExp }) {
      const factors = await uploadFactors(context, dNll, logSumExp);
      try {
        const sums = new GradientSums(context, factors);
        await context.tiles.each('backwards', (tile) => sums.add(tile));
        return await sums.finish();
      } finally {
        release(factors);
      }
    },
  };
}

/** Losses and gradients of a binary objective, from one pass over the tiles. */
async function pairs(context: StepContext, dNll: Float64Array | undefined): Promise<PairsSeen> {
  const factors = dNll && (await uploadFactors(context, dNll));
  try {
    const statistics = new Statistics(context);
    const sums = factors && new GradientSums(context, factors);
    await context.tiles.each('forwards', async (tile) => {
      await statistics.add(tile);
      await sums?.add(tile);
    });
    const gradients = await sums?.finish();
    await context.readback.drain();
    return { ...statistics.seen(), gradients };
  } finally {
    release(factors);
  }
}
