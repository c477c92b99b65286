import { KEEP_MEMORY } from '../../keep-memory.ts';
import type { TrainFlags } from '../../settings/fields.ts';
import { answer } from '../python.ts';
import { median } from '../timing.ts';
import type { DataMeasurement, DataTask } from './measure-data.ts';

/** What is to be measured. */
export interface DataBenchOptions {
  readonly flags: TrainFlags;
  readonly steps: number;
  /** Times that both sides are measured, in turn; the middle ratio is told. */
  readonly rounds: number;
}

/** A training whose pictures all lie in memory, and one whose folder is ten times the budget. */
export interface DataReport {
  readonly whole: DataMeasurement;
  readonly tenth: DataMeasurement;
  /** Images/s of the second over those of the first: the middle of all rounds. */
  readonly ratio: number;
}

/** @param measureCommand the arguments with which Node runs a task from stdin and prints its measurement */
export async function benchData(
  { flags, steps, rounds }: DataBenchOptions,
  measureCommand: readonly string[],
): Promise<DataReport> {
  const environment = { ...process.env, ...KEEP_MEMORY };
  const measured = (share: number): Promise<DataMeasurement> => {
    const task: DataTask = { flags, share, steps };
    return answer(process.execPath, measureCommand, task, { environment });
  };
  const all: DataReport[] = [];
  for (let round = 0; round < rounds; round++) {
    const [whole, tenth] = [await measured(1), await measured(0.1)];
    all.push({ whole, tenth, ratio: tenth.imagesPerSecond / whole.imagesPerSecond });
  }
  const ratio = median(all.map((one) => one.ratio));
  const nearest = all.toSorted((a, b) => Math.abs(a.ratio - ratio) - Math.abs(b.ratio - ratio))[0]!;
  return { ...nearest, ratio };
}

/** The report as lines. */
export function formatData({ whole, tenth, ratio }: DataReport): string {
  return [
    ...[whole, tenth].flatMap(lines),
    `a folder of ten times the budget trains at ${ratio.toFixed(2)} times the images/s`,
  ].join('\n');
}

function lines(one: DataMeasurement): readonly string[] {
  const { kept, pictures, workers, imagesPerSecond, cpuMs, dataShare, residentMiB } = one;
  const [first = 0, last = 0] = [residentMiB[0], residentMiB.at(-1)];
  return [
    `${kept} of ${pictures} pictures in memory, ${workers} thread${workers === 1 ? '' : 's'} for data: ${imagesPerSecond.toFixed(1)} images/s, ${cpuMs.toFixed(2)} ms of the processor a picture, ${(100 * dataShare).toFixed(1)} % of the time waiting for data`,
    `  memory at every tenth of the steps: ${residentMiB.map((size) => size.toFixed(0)).join(' ')} MiB, ${last - first >= 0 ? '+' : ''}${(last - first).toFixed(0)} from the first to the last`,
  ];
}
