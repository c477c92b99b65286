import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const MPIRUN = '/usr/bin/mpirun';
const PROGRAM = join(import.meta.dirname, 'ranks.ts');

export const hasMpirun: boolean = existsSync(MPIRUN);

/** How a job has ended. */
export interface Ended {
  readonly code: number;
  readonly stderr: string;
}

/** MPICH has its own, and Debian lets both be there. */
const MPIEXEC_OF_MPICH = '/usr/bin/mpiexec.mpich';

export const hasMpich: boolean = existsSync(MPIEXEC_OF_MPICH);

/** The same by MPICH. */
export const mpiexecOfMpich = (size: number, folder: string, ending = ''): Promise<Ended> =>
  run([MPIEXEC_OF_MPICH, '-np', String(size), process.execPath, PROGRAM, folder, ending, 'libmpich.so.12']);

/**
 * Runs the program of ranks and waits for the end of the job.
 *
 * @param options of mpirun
 * @param args of the program
 * @param within the words before the command, where it runs elsewhere
 */
export function mpirun(
  options: readonly string[],
  args: readonly string[],
  within: readonly string[] = [],
): Promise<Ended> {
  return run([...within, MPIRUN, ...options, process.execPath, PROGRAM, ...args]);
}

/** The program without anybody who starts ranks, in such an environment. */
export const alone = (folder: string, env: Readonly<Record<string, string>>): Promise<Ended> =>
  run([process.execPath, PROGRAM, folder], env);

function run(
  [file, ...args]: readonly string[],
  changes: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  // Open MPI wants to be told that root is meant.
  const env = {
    ...process.env,
    OMPI_ALLOW_RUN_AS_ROOT: '1',
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
    ...changes,
  };
  return new Promise((resolve) => {
    execFile(file!, args, { env, timeout: 100_000 }, (error, _, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stderr });
    });
  });
}
