import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEEP_MEMORY } from '../../keep-memory.ts';
import type { TrainFlags } from '../../settings/fields.ts';
import { answer } from '../python.ts';
import { median } from '../timing.ts';
import type { DataMeasurement, DataTask } from './measure-data.ts';

/** What is to be measured. */
export interface DataBenchOptions {
  readonly flags: TrainFlags;
  readonly steps: number;
  /** Times that all are measured, in turn; the middle ratios are told. */
  readonly rounds: number;
}

/** A training whose pictures all lie in memory, and two whose folder is ten times the budget. */
export interface DataReport {
  readonly whole: DataMeasurement;
  /** The others lie on disk, decoded. */
  readonly disk: DataMeasurement;
  /** The others are decoded again. */
  readonly decoded: DataMeasurement;
  /** Images/s of the second over those of the first: the middle of all rounds. */
  readonly ratio: number;
  /** The same of the third. */
  readonly decodedRatio: number;
}

/** @param measureCommand the arguments with which Node runs a task from stdin and prints its measurement */
export async function benchData(
  { flags, steps, rounds }: DataBenchOptions,
  measureCommand: readonly string[],
): Promise<DataReport> {
  const environment = { ...process.env, ...KEEP_MEMORY };
  const measured = (share: number, disk?: string): Promise<DataMeasurement> => {
    const task: DataTask = { flags, share, steps, ...(disk !== undefined && { disk }) };
    return answer(process.execPath, measureCommand, task, { environment });
  };
  const all: DataReport[] = [];
  // Made and removed here: a measurement may be ended before its own end.
  const folder = await mkdtemp(join(tmpdir(), 'cf-bench-data-'));
  try {
    for (let round = 0; round < rounds; round++) {
      const [whole, disk, decoded] = [await measured(1), await measured(0.1, folder), await measured(0.1)];
      const over = ({ imagesPerSecond }: DataMeasurement): number => imagesPerSecond / whole.imagesPerSecond;
      all.push({ whole, disk, decoded, ratio: over(disk), decodedRatio: over(decoded) });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const ratio = median(all.map((one) => one.ratio));
  const decodedRatio = median(all.map((one) => one.decodedRatio));
  const nearest = all.toSorted((a, b) => Math.abs(a.ratio - ratio) - Math.abs(b.ratio - ratio))[0]!;
  return { ...nearest, ratio, decodedRatio };
}

/** The report as lines. */
export function formatData({ whole, disk, decoded, ratio, decodedRatio }: DataReport): string {
  return [
    ...[whole, disk, decoded].flatMap(lines),
    `a folder of ten times the budget trains at ${ratio.toFixed(2)} times the images/s; at ${decodedRatio.toFixed(2)} times without the disk`,
  ].join('\n');
}

function lines(one: DataMeasurement): readonly string[] {
  const { kept, onDisk, pictures, workers, imagesPerSecond, cpuMs, dataShare } = one;
  const others = kept === pictures ? '' : onDisk > 0 ? `, ${onDisk} on disk` : ', the others decoded again';
  const size = ({ residentMiB }: DataMeasurement): string =>
    residentMiB.map((mib) => mib.toFixed(0)).join(' ');
  const grown = `${one.grownMiB >= 0 ? '+' : ''}${one.grownMiB.toFixed(0)} MiB over the last two thirds`;
  return [
    `${kept} of ${pictures} pictures in memory${others}, ${workers} thread${workers === 1 ? '' : 's'} for data: ${imagesPerSecond.toFixed(1)} images/s, ${cpuMs.toFixed(2)} ms of the processor a picture, ${(100 * dataShare).toFixed(1)} % of the time waiting for data`,
    `  memory at every tenth of the steps: ${size(one)} MiB, ${grown}`,
  ];
}
