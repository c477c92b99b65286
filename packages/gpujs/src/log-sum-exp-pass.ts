import {
  HardNegativeCounter,
  type LogSumExp,
  mergeLogSumExp,
  type NegativesSeen,
  NonFiniteError,
} from '@cf/core';
import type { ClassTile } from './class-tiles.ts';
import type { RunningSum } from './exponents.ts';
import { releaseOnError } from './kernels/kernel-set.ts';
import { CHUNK } from './kernels/negative-kernels.ts';
import { sampleMatrix } from './samples.ts';
import type { StepContext } from './step-context.ts';

/**
 * Pass 1 over the classes. The target is left out, which keeps 1 − p exact when p is near 1. Every tile is queued before
 * the first statistic is read.
 *
 * @param running where the tiles' statistics are merged on the device, too
 * @returns what has been seen, which is complete once all that waits has been read
 */
export async function negativesPass(
  context: StepContext,
  running?: RunningSum,
): Promise<() => NegativesSeen> {
  const counts = context.countNegatives ? new HardNegativeCounter() : undefined;
  const parts: LogSumExp[] = [];
  for (let index = 0; index < context.tiles.count; index++) {
    await context.tiles.use(index, (tile) => lookAt(context, tile, { parts, counts }, running));
  }
  return () => ({ logSumExp: mergeLogSumExp(parts), counts });
}

/** What grows as tiles are read back. */
interface Seen {
  readonly parts: LogSumExp[];
  readonly counts: HardNegativeCounter | undefined;
}

async function lookAt(
  { loss, set, kernels, prepared, labels, readback }: StepContext,
  tile: ClassTile,
  { parts, counts }: Seen,
  running: RunningSum | undefined,
): Promise<void> {
  const sizes = { ...tile.shape, chunk: CHUNK };
  const args = [tile.cosines, sampleMatrix(loss, prepared, labels, tile.firstClass)];
  const chunks = Math.ceil(tile.shape.classes / CHUNK);
  const numbers = chunks * tile.shape.batch;
  const largest = await set.run(kernels.largest, sizes, args);
  const sums = await releaseOnError(largest, async () => {
    const sums = await set.run(kernels.sums, sizes, [...args, largest]);
    await releaseOnError(sums, async () => running?.add(chunks, largest, sums));
    return sums;
  });
  await readback.add([largest, sums], 2 * numbers, (tops, totals) => {
    for (const [c, row] of totals.entries()) parts.push(partOf(tops[c]!, row));
  });
  if (counts === undefined || loss.geometry === 'inner') return;
  await readback.add([await set.run(kernels.hardNegatives, sizes, args)], 4 * numbers, (rows) => {
    for (const row of rows as unknown as Float32Array[][]) count(row, counts);
  });
}

/** A sum of 0: the only class of the chunk is the sample's own. */
function partOf(largest: Float32Array, sums: Float32Array): LogSumExp {
  const max = Float64Array.from(largest, (logit, i) => (sums[i] === 0 ? Number.NEGATIVE_INFINITY : logit));
  // Inputs may be finite and their products not, in float32.
  const at = sums.findIndex((sum) => !Number.isFinite(sum));
  if (at >= 0) {
    throw new NonFiniteError(
      'sum of exponentials',
      at,
      sums[at]!,
      'scale embeddings and class centers down: their products overflow.',
    );
  }
  return { max, sum: new Float64Array(sums) };
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
