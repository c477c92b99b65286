import { HardNegativeCounter, type LogSumExp, mergeLogSumExp, NonFiniteError } from '@cf/core';
import type { ClassTile } from './class-tiles.ts';
import { CHUNK } from './kernels/negative-kernels.ts';
import { Readback } from './readback.ts';
import { NO_EXPONENTS, sampleMatrix } from './samples.ts';
import type { StepContext } from './step-context.ts';

/** What pass 1 finds: the log-sum-exp over the negatives alone, and how many of them are hard. */
export interface NegativesSeen {
  readonly logSumExp: LogSumExp;
  /** Undefined where nobody asked. */
  readonly hard: HardNegativeCounter | undefined;
}

/**
 * Pass 1 over the classes. The target is left out, which keeps 1 − p exact when p is near 1. Every tile is queued before
 * the first statistic is read.
 */
export async function negativesPass(context: StepContext, countNegatives: boolean): Promise<NegativesSeen> {
  const hard = countNegatives ? new HardNegativeCounter() : undefined;
  const shards: LogSumExp[] = [];
  const readback = new Readback();
  try {
    for (let index = 0; index < context.tiles.count; index++) {
      await context.tiles.use(index, (tile) => lookAt(context, tile, readback, shards, hard));
    }
    await readback.drain();
  } finally {
    readback.dispose();
  }
  return { logSumExp: mergeLogSumExp(shards), hard };
}

async function lookAt(
  { loss, set, kernels, prepared, labels }: StepContext,
  tile: ClassTile,
  readback: Readback,
  shards: LogSumExp[],
  hard: HardNegativeCounter | undefined,
): Promise<void> {
  const sizes = { ...tile.shape, chunk: CHUNK };
  const args = [tile.cosines, sampleMatrix(loss, prepared, labels, tile.firstClass, NO_EXPONENTS)];
  const chunks = Math.ceil(tile.shape.classes / CHUNK);
  const numbers = chunks * tile.shape.batch;
  await readback.add(await set.run(kernels.logSumExp, sizes, args), 2 * numbers, (rows) => {
    for (const row of rows as unknown as Float32Array[][]) shards.push(shardOf(row));
  });
  if (hard === undefined || loss.geometry === 'inner') return;
  await readback.add(await set.run(kernels.hardNegatives, sizes, args), 4 * numbers, (rows) => {
    for (const row of rows as unknown as Float32Array[][]) count(row, hard);
  });
}

/** A sum of 0: the only class of the chunk is the sample's own. */
function shardOf(row: readonly Float32Array[]): LogSumExp {
  const max = new Float64Array(row.length);
  const sum = new Float64Array(row.length);
  for (const [i, entry] of row.entries()) {
    sum[i] = entry[1]!;
    max[i] = entry[1]! === 0 ? Number.NEGATIVE_INFINITY : entry[0]!;
    // Inputs may be finite and their products not, in float32.
    if (!Number.isFinite(sum[i]!)) {
      throw new NonFiniteError(
        'sum of exponentials',
        i,
        sum[i]!,
        'scale embeddings and class centers down: their products overflow.',
      );
    }
  }
  return { max, sum };
}

function count(row: readonly Float32Array[], seen: HardNegativeCounter): void {
  for (const [hard, emphasised, least, largest] of row) {
    if (hard === 0) continue;
    seen.hard += hard!;
    seen.emphasised += emphasised!;
    seen.minSlope = Math.min(seen.minSlope, least!);
    seen.maxSlope = Math.max(seen.maxSlope, largest!);
  }
}
