import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RunFolderError } from '../errors.ts';
import { valuesOf } from '../run/config-differences.ts';
import { machineFacts } from '../run/environment.ts';
import type { RunPlace } from '../run/job.ts';
import { dropUntrained, openRunFolder, type RunFolder, runFolder } from '../run/run-folder.ts';
import { isLock } from '../run/run-lock.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import type { Facts } from './meet.ts';
import type { TrainingRanks } from './training-ranks.ts';

/** Where a run's folder is, to the others. */
interface Opened {
  readonly path: string;
  /** Of the process that holds it. */
  readonly locks: string;
}

/**
 * Where a rank writes: the first one to the run, the others to a folder of their own that goes when they end, but for their
 * shards of checkpoints. Nothing is made before all ranks have met, and agree on what is trained.
 *
 * @param place as it is without other ranks
 */
export async function placeOnRanks(
  config: TrainConfig,
  place: RunPlace,
  ranks: TrainingRanks,
): Promise<RunPlace> {
  // Now, before pictures are read.
  await ranks.meet({ ...(await versions()), ...choices(config) });
  const open = async (): Promise<RunFolder> => {
    await ranks.meet({});
    const own = ranks.isFirst ? await place.open() : undefined;
    let run = own;
    try {
      const [first] = await ranks.meet({}, own && JSON.stringify(await openedBy(own)));
      run ??= await scratchFolder(JSON.parse(first!) as Opened);
      await ranks.meet({});
      return run;
    } catch (error) {
      if (own !== undefined && !place.resume) await dropUntrained(own);
      await run?.release?.();
      throw error;
    }
  };
  return {
    ...place,
    open,
    ranks,
    ...(ranks.isFirst
      ? {}
      : {
          keepChanges: undefined,
          onEvent: undefined,
          // What the run has need not be made again; what is made is the first rank's to keep.
          featuresFrom: place.featuresFrom ?? place.found,
        }),
  };
}

async function versions(): Promise<Facts> {
  const { cf, node, onnxruntime } = await machineFacts();
  return { 'version of cf': cf, 'version of Node.js': node, 'version of onnxruntime': onnxruntime };
}

/** What each machine may have of its own. */
const OF_MACHINE = new Set([
  '$schema',
  'device',
  'kernels',
  'threads',
  'dataMemory',
  'dataDisk',
  'dataWorkers',
]);

function choices(config: TrainConfig): Facts {
  return Object.fromEntries([...valuesOf(config)].filter(([name]) => !OF_MACHINE.has(name)));
}

async function openedBy({ path }: RunFolder): Promise<Opened> {
  return { path: resolve(path), locks: await locksIn(path) };
}

/** What stands in the locks of a folder, which no copy of it has for long. */
async function locksIn(path: string): Promise<string> {
  const names = (await readdir(path)).filter(isLock).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(path, name), 'utf8').catch(() => '')));
  return texts.join('');
}

/** Of a rank that only works. */
async function scratchFolder({ path, locks }: Opened): Promise<RunFolder> {
  const given = (why: string, cause?: unknown): RunFolderError =>
    new RunFolderError(
      `'${path}' ${why}`,
      'a folder that all ranks see, for their shards of checkpoints',
      'give an --out on a file system that all machines have.',
      cause,
    );
  const ofFirst = await openRunFolder(path).catch((cause: unknown) => {
    throw given('which this rank does not see', cause);
  });
  if ((await locksIn(path)) !== locks) throw given('which is another folder on this rank than on the first');
  await removeLeft();
  const scratch = await mkdtemp(join(tmpdir(), `${SCRATCH}${process.pid}-`));
  const release = (): Promise<void> => rm(scratch, { recursive: true, force: true });
  return { ...runFolder(scratch), ofFirst, release };
}

const SCRATCH = 'cf-rank-';
const A_DAY = 86_400_000;

/** Takes away what ranks of this machine left that were killed. */
async function removeLeft(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = /^cf-rank-(\d+)-\w+$/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(tmpdir(), name);
    // Numbers of other containers are not ours.
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > A_DAY) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
