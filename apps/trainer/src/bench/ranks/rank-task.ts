import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openMpi } from '@cf/mpi';
import { loadKoffi } from '../../engines/load-koffi.ts';
import { atomicWrite } from '../../run/atomic-write.ts';
import { measureWorkers, type WorkersTask } from '../../simulate/measure-workers.ts';
import { type EfficiencyTask, measureEfficiency } from './measure-efficiency.ts';
import { resultFile, TASK_FILE } from './run-ranks.ts';

/** What ranks are asked to measure. */
export type RankTask = (EfficiencyTask | WorkersTask) & {
  /** How many ranks there are; one is none. */
  readonly size: number;
};

/** What one rank does. @param folder of the job: its task is there, and what each rank has measured will be */
export async function runRankTask(folder: string): Promise<void> {
  const task = JSON.parse(await readFile(join(folder, TASK_FILE), 'utf8')) as RankTask;
  const ranks = task.size === 1 ? undefined : openMpi({ koffi: await loadKoffi(), timeoutSeconds: 120 });
  const measured =
    task.kind === 'efficiency'
      ? await measureEfficiency(task, ranks!, folder)
      : await measureWorkers(task, ranks);
  await atomicWrite(resultFile(folder, ranks?.rank ?? 0), JSON.stringify(measured));
  await ranks?.close();
}
