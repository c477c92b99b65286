import type { Communicator } from '@cf/core';
import { secondsOf } from '../bench/timing.ts';
import type { KernelChoice } from '../engines/kernel-choice.ts';
import { openBackend } from '../engines/open-backend.ts';
import { openWorker, type WorkerPoint, workerArrays } from './open-worker.ts';

/** What ranks measure for a model of a training. */
export interface WorkersTask {
  readonly kind: 'workers';
  readonly kernels: KernelChoice;
  /** Of each rank. */
  readonly threads: number;
  readonly points: readonly WorkerPoint[];
  /** Times that each is measured, in turn. */
  readonly rounds: number;
  /** Bytes of a rank in the collectives that are measured. */
  readonly collectives: readonly number[];
}

/** What one rank has measured: the least of the rounds in seconds, for whoever else uses the machine only adds; in the order of the task. */
export interface WorkersMeasurement {
  readonly steps: readonly number[];
  readonly allReduce: readonly number[];
  readonly allGather: readonly number[];
}

/** Calls of one measurement of a collective: a clock has no time for one alone. */
const SMALL = { bytes: 2 ** 17, calls: 20 } as const;

/** On every rank. */
export async function measureWorkers(
  { kernels, threads, points, rounds, collectives }: WorkersTask,
  ranks: Communicator | undefined,
): Promise<WorkersMeasurement> {
  const allReduce = await timed(collectives, rounds, ranks, (values) => ranks!.allReduce(values, 'sum'));
  const allGather = await timed(collectives, rounds, ranks, (values) => ranks!.allGather(values));
  const backend = await openBackend('onnx', { threads, kernels });
  const arrays = workerArrays(points, ranks);
  const workers = [];
  for (const point of points) workers.push(await openWorker(point, arrays, backend, ranks));
  const seconds: number[][] = points.map(() => []);
  // The first round allocates.
  for (let round = 0; round <= rounds; round++) {
    for (const [k, worker] of workers.entries()) {
      await ranks?.barrier();
      const taken = await secondsOf(() => worker.step());
      if (round > 0) seconds[k]!.push(taken);
    }
  }
  for (const worker of workers) worker.dispose();
  await backend.dispose();
  return { steps: seconds.map((taken) => Math.min(...taken)), allReduce, allGather };
}

/** Least seconds of a collective of each size. */
async function timed(
  sizes: readonly number[],
  rounds: number,
  ranks: Communicator | undefined,
  call: (values: Float32Array) => unknown,
): Promise<readonly number[]> {
  if (ranks === undefined) return [];
  const least: number[] = [];
  for (const bytes of sizes) {
    const values = new Float32Array(bytes / Float32Array.BYTES_PER_ELEMENT);
    const calls = bytes < SMALL.bytes ? SMALL.calls : 1;
    const seconds: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      await ranks.barrier();
      const taken = await secondsOf(async () => {
        for (let k = 0; k < calls; k++) await call(values);
      });
      if (round > 0) seconds.push(taken / calls);
    }
    least.push(Math.min(...seconds));
  }
  return least;
}
