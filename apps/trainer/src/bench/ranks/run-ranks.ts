import { accessSync, constants } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { BackendError } from '@cf/core';
import { KEEP_MEMORY } from '../../keep-memory.ts';
import { outputOf, ProgramFailedError } from '../python.ts';

/** Open MPI is told that root is meant, that ranks may share a core, and that the system places them. Others pay no heed. */
const ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_hwloc_base_binding_policy: 'none',
  PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe',
  PRTE_MCA_hwloc_default_binding_policy: 'none',
} as const;

const NAMES = ['mpirun', 'mpiexec'] as const;
const LIMIT_SECONDS = 900;

/** The program that starts ranks; undefined where the PATH has none. */
export function findMpirun(path: string = process.env.PATH ?? ''): string | undefined {
  const places = NAMES.flatMap((name) => path.split(delimiter).map((folder) => join(folder, name)));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * The program that starts ranks.
 *
 * @param orElse what else would do
 * @throws BackendError that names the package, where the PATH has none
 */
export function requireMpirun(askedBy: string, path?: string, orElse: string = ''): string {
  const found = findMpirun(path);
  if (found !== undefined) return found;
  throw new BackendError(
    `${askedBy} without mpirun`,
    'Open MPI or MPICH, which starts several processes as ranks',
    `install one: 'apt install openmpi-bin' or 'apt install mpich' on Debian, 'brew install open-mpi' on macOS${orElse}.`,
  );
}

/**
 * What each rank of this machine measures, by rank; they leave it in files, since what ranks print is mixed. One rank needs no
 * MPI.
 *
 * @param command the arguments with which Node runs a task of ranks: a folder follows
 * @throws BackendError where there is no mpirun, or a rank has failed
 */
export async function runRanks<Result>(
  size: number,
  command: readonly string[],
  task: object,
  askedBy: string,
): Promise<readonly Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cf-ranks-'));
  try {
    await writeFile(join(folder, TASK_FILE), JSON.stringify({ ...task, size }));
    const environment = { ...process.env, ...KEEP_MEMORY, ...ENVIRONMENT };
    const own = [process.execPath, ...command, folder] as const;
    const [program, ...args] = size === 1 ? own : [requireMpirun(askedBy), '-np', String(size), ...own];
    await outputOf(program, args, '', { environment, limitSeconds: LIMIT_SECONDS });
    const files = Array.from({ length: size }, (_, rank) => readFile(resultFile(folder, rank), 'utf8'));
    return (await Promise.all(files)).map((text) => JSON.parse(text) as Result);
  } catch (error) {
    if (!(error instanceof ProgramFailedError) || error.isThisProgram) throw error;
    throw new BackendError(
      `${askedBy}: of ${size} ranks one ended with ${error.exitCode}: ${reasonIn(error.told)}`,
      'ranks that end well',
      'see what they wrote.',
      error,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the task, in the folder of a job. */
export const TASK_FILE = 'task.json';

/** Where a rank leaves what it has measured. */
export function resultFile(folder: string, rank: number): string {
  return join(folder, `rank-${rank}.json`);
}

/** How many processes share a core. */
export function sharedBy(processes: number, cores: number = availableParallelism()): number {
  return Math.max(1, processes / cores);
}

/** The first line of what ranks and mpirun have written that says something. */
function reasonIn(told: string): string {
  const lines = told.split('\n').map((line) => line.trim());
  return (
    lines.find((line) => /error/i.test(line)) ?? lines.find((line) => /\w/.test(line)) ?? 'no reason told'
  );
}
