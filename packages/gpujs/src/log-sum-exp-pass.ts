import { HardNegativeCounter, type LogSumExp, mergeLogSumExp, requireFiniteTensor } from '@cf/core';
import type { ClassTile } from './class-tiles.ts';
import type { KernelValue } from './kernels/kernel-set.ts';
import { sampleMatrix } from './samples.ts';
import type { StepContext } from './step-context.ts';

/** What pass 1 finds: the log-sum-exp over the negatives alone, and how many of them are hard. */
export interface NegativesSeen {
  readonly logSumExp: LogSumExp;
  readonly hard: HardNegativeCounter;
}

/** Pass 1 over the classes. The target is left out, which keeps 1 − p exact when p is near 1. */
export async function negativesPass(context: StepContext): Promise<NegativesSeen> {
  const hard = new HardNegativeCounter();
  const shards: LogSumExp[] = [];
  for (let index = 0; index < context.tiles.count; index++) {
    await context.tiles.use(index, async (tile) => {
      shards.push(await tileLogSumExp(context, tile));
      if (context.loss.geometry !== 'inner') await countHard(context, tile, hard);
    });
  }
  return { logSumExp: mergeLogSumExp(shards), hard };
}

async function tileLogSumExp(context: StepContext, tile: ClassTile): Promise<LogSumExp> {
  const { set, kernels } = context;
  const zero = new Float32Array(context.labels.length);
  const shift = await set.vector(kernels.largestLogit, tile.shape, [
    tile.cosines,
    samplesOf(context, tile, zero),
  ]);
  const sums = await set.vector(kernels.sumOfExponentials, tile.shape, [
    tile.cosines,
    samplesOf(context, tile, shift),
  ]);
  // Inputs may be finite and their products not, in float32.
  requireFiniteTensor('sum of exponentials', sums);
  // A sum of 0: the only class of the tile is the sample's own.
  const max = Float64Array.from(shift, (value, i) => (sums[i]! > 0 ? value : Number.NEGATIVE_INFINITY));
  return { max, sum: new Float64Array(sums) };
}

async function countHard(context: StepContext, tile: ClassTile, seen: HardNegativeCounter): Promise<void> {
  const { set, kernels } = context;
  const args = [tile.cosines, samplesOf(context, tile, new Float32Array(context.labels.length))];
  const hard = await set.vector(kernels.hardCount, tile.shape, args);
  const emphasised = await set.vector(kernels.emphasisedCount, tile.shape, args);
  const least = await set.vector(kernels.leastSlope, tile.shape, args);
  const largest = await set.vector(kernels.largestSlope, tile.shape, args);
  for (let i = 0; i < hard.length; i++) {
    if (hard[i] === 0) continue;
    seen.hard += hard[i]!;
    seen.emphasised += emphasised[i]!;
    seen.minSlope = Math.min(seen.minSlope, least[i]!);
    seen.maxSlope = Math.max(seen.maxSlope, largest[i]!);
  }
}

function samplesOf(context: StepContext, tile: ClassTile, shift: Float32Array): KernelValue {
  const { loss, prepared, labels } = context;
  return sampleMatrix(loss, prepared, labels, tile.firstClass, {
    shift,
    factor: new Float32Array(shift.length),
  });
}
