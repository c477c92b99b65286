import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const CLI = resolve(import.meta.dirname, '..', 'cli.ts');

/** Whether trainings of several ranks can be started here. */
export const hasMpirun: boolean = spawnSync('mpirun', ['--version']).status === 0;

const ENVIRONMENT = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };

export interface MpiResult {
  /** Undefined while it runs on. */
  readonly code: number | null;
  /** Of all ranks, mixed. */
  readonly stdout: string;
  readonly stderr: string;
}

/** A program on ranks, while it runs. */
export interface MpiRun {
  readonly mpirun: ChildProcess;
  readonly ended: Promise<MpiResult>;
  /** Process numbers of the ranks of this machine, by rank; of those that have started. */
  pids(): Promise<ReadonlyMap<number, number>>;
}

/** Starts the program under `mpirun`. @param ranks flags of each rank, or of so many alike */
export function startRanks(flags: readonly string[], size: number, others?: readonly string[]): MpiRun {
  const one = (count: number, own: readonly string[]): readonly string[] => [
    '-np',
    `${count}`,
    process.execPath,
    CLI,
    ...own,
  ];
  const all = others === undefined ? one(size, flags) : [...one(1, flags), ':', ...one(size - 1, others)];
  const mpirun = spawn('mpirun', ['--oversubscribe', '--bind-to', 'none', ...all], {
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    mpirun[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  const ended = once(mpirun, 'close').then(([code]) => ({ code: code as number | null, ...text }));
  return { mpirun, ended, pids: () => pidsOf(mpirun.pid!) };
}

/** The program on ranks, to its end. */
export function runRanks(
  flags: readonly string[],
  size: number,
  others?: readonly string[],
): Promise<MpiResult> {
  return startRanks(flags, size, others).ended;
}

async function pidsOf(mpirun: number): Promise<ReadonlyMap<number, number>> {
  const children = await readFile(`/proc/${mpirun}/task/${mpirun}/children`, 'utf8').catch(() => '');
  const found = new Map<number, number>();
  for (const pid of children.trim().split(' ').filter(Boolean).map(Number)) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const [, rank] = /OMPI_COMM_WORLD_RANK=(\d+)/.exec(environment) ?? [];
    if (rank !== undefined) found.set(Number(rank), pid);
  }
  return found;
}
