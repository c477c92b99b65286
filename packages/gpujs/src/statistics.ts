import {
  emptyLogSumExp,
  HardNegativeCounter,
  type LogSumExp,
  mergeLogSumExp,
  type NegativesSeen,
  NonFiniteError,
  negativeSumNames,
} from '@cf/core';
import type { ClassTile } from './class-tiles.ts';
import type { RunningSum } from './factors.ts';
import { releaseOnError } from './kernels/kernel-set.ts';
import { CHUNK } from './kernels/negative-kernels.ts';
import { pairArguments } from './samples.ts';
import type { StepContext } from './step-context.ts';

/**
 * What is known of the negatives before any gradient; it grows as tiles are read back. The target is left out, which keeps
 * 1 − p exact when p is near 1.
 */
export class Statistics {
  readonly #context: StepContext;
  readonly #running: RunningSum | undefined;
  readonly #parts: LogSumExp[] = [];
  readonly #sums: Readonly<Record<string, Float64Array>>;
  readonly #counts: HardNegativeCounter | undefined;

  /** @param running where the tiles' exponentials are merged on the device, too. */
  constructor(context: StepContext, running?: RunningSum) {
    const { loss, batch, countNegatives } = context;
    this.#context = context;
    this.#running = running;
    this.#sums = Object.fromEntries(negativeSumNames(loss).map((name) => [name, new Float64Array(batch)]));
    this.#counts = countNegatives ? new HardNegativeCounter(loss) : undefined;
  }

  /** Queues what a tile has to tell. */
  async add(tile: ClassTile): Promise<void> {
    const { loss, set, kernels, readback } = this.#context;
    const { batch, classes } = tile.shape;
    const sizes = { ...tile.shape, chunk: CHUNK };
    const args = pairArguments(this.#context, tile);
    const chunks = Math.ceil(classes / CHUNK);
    if (loss.objective.kind === 'softmax') {
      const largest = await set.run(kernels.largest, sizes, args);
      const sums = await releaseOnError(largest, async () => {
        const sums = await set.run(kernels.sums, sizes, [...args, largest]);
        await releaseOnError(sums, async () => this.#running?.add(chunks, largest, sums));
        return sums;
      });
      await readback.add([largest, sums], 2 * chunks * batch, (tops, totals) => {
        for (const [c, row] of totals.entries()) this.#parts.push(partOf(tops[c]!, row));
      });
    }
    for (const [name, total] of Object.entries(this.#sums)) {
      const sums = await set.run(kernels.negativeSums[name]!, sizes, args);
      await readback.add([sums], chunks * batch, (rows) => {
        for (const row of rows) for (let i = 0; i < batch; i++) total[i]! += row[i]!;
      });
    }
    const counts = this.#counts;
    if (counts === undefined || loss.geometry === 'inner') return;
    await readback.add([await set.run(kernels.hardNegatives, sizes, args)], 4 * chunks * batch, (rows) => {
      for (const row of rows as unknown as Float32Array[][]) count(row, counts);
    });
  }

  /** What has been seen, which is complete once all that waits has been read. */
  seen(): NegativesSeen {
    const parts = this.#parts;
    const logSumExp = parts.length > 0 ? mergeLogSumExp(parts) : emptyLogSumExp(this.#context.batch);
    return { logSumExp, sums: this.#sums, counts: this.#counts };
  }
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
