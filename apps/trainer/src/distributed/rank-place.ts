import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunFolderError } from '../errors.ts';
import { valuesOf } from '../run/config-differences.ts';
import { machineFacts } from '../run/environment.ts';
import type { RunPlace } from '../run/job.ts';
import { openRunFolder, type RunFolder, runFolder } from '../run/run-folder.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import type { Facts } from './meet.ts';
import type { TrainingRanks } from './training-ranks.ts';

/** Where a run's folder is, to the others. */
interface Opened {
  readonly path: string;
}

/**
 * Where a rank writes: the first one to the run, the others to a folder of their own that goes when they end, but for their
 * shards of checkpoints. Nothing is made before all ranks have met, and agree on what is trained.
 *
 * @param place as it is without other ranks
 */
export function placeOnRanks(config: TrainConfig, place: RunPlace, ranks: TrainingRanks): RunPlace {
  const open = async (): Promise<RunFolder> => {
    await ranks.meet({ ...(await versions()), ...choices(config) });
    const own = ranks.isFirst ? await place.open() : undefined;
    try {
      const [first] = await ranks.meet({}, own && JSON.stringify({ path: own.path } satisfies Opened));
      const { path } = JSON.parse(first!) as Opened;
      const run = own ?? (await scratchFolder(path));
      await ranks.meet({}).catch(async (error: unknown) => {
        await run.release?.();
        throw error;
      });
      return run;
    } catch (error) {
      await own?.release?.();
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

/** Of a rank that only works. @param path the run's, which it has to see */
async function scratchFolder(path: string): Promise<RunFolder> {
  const ofFirst = await openRunFolder(path).catch((cause: unknown) => {
    throw new RunFolderError(
      `'${path}', which this rank does not see`,
      'a folder that all ranks see, for their shards of checkpoints',
      'give an --out on a file system that all machines have.',
      cause,
    );
  });
  await removeLeft();
  const scratch = await mkdtemp(join(tmpdir(), `${SCRATCH}${process.pid}-`));
  const release = (): Promise<void> => rm(scratch, { recursive: true, force: true });
  return { ...runFolder(scratch), ofFirst, release };
}

const SCRATCH = 'cf-rank-';

/** Takes away what ranks of this machine left that were killed. */
async function removeLeft(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = /^cf-rank-(\d+)-\w+$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
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
