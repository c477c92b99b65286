import { copyFile, link, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingState } from '@cf/training';
import { OutputError, RunFolderError } from '../errors.ts';
import { asideOf } from './atomic-write.ts';
import { type KeptTraining, type Origin, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { pruneShards, type RankShare, type ShardingRanks } from './checkpoint-shards.ts';
import { RUN_FILES, type RunFolder } from './run-folder.ts';

/** Keeps the checkpoints of a run in its folder: the newest, those before it, and the best. */
export interface CheckpointKeeper {
  /** Writes the newest one; the one that was is kept beside it. */
  write(state: TrainingState, origin: Origin): Promise<void>;
  /** The newest is the best one as well. */
  keepAsBest(): Promise<void>;
}

/** How checkpoints are kept. */
export interface Keeping {
  /** How many stay, the newest among them. */
  readonly keep: number;
  /** The step of the checkpoint that is there. */
  readonly newest: number | undefined;
  /** That write them together, each its shard. */
  readonly ranks?: ShardingRanks | undefined;
}

/** @param given of a rank that only works, one that knows the run of the first */
export function keepCheckpoints(
  given: RunFolder,
  { keep, newest: before, ranks }: Keeping,
): CheckpointKeeper {
  const run = given.ofFirst ?? given;
  const path = run.file('checkpoint');
  if (given.ofFirst !== undefined)
    return {
      write: (state, origin) => writeCheckpoint(path, state, origin, ranks),
      keepAsBest: async () => {},
    };
  let newest = before;
  return {
    async write(state, origin) {
      await run.requireHeld?.();
      if (newest !== undefined && newest !== state.step && keep > 1)
        await alsoAs(path, earlierFile(run, newest));
      await writeCheckpoint(path, state, origin, ranks);
      newest = state.step;
      await prune(run, newest, keep - 1);
    },
    keepAsBest: () => alsoAs(path, run.file('best')),
  };
}

const EARLIER = /^checkpoint-(\d+)\.safetensors$/;

/** The checkpoint of an earlier step, from which a run can go on where the newest is lost. */
export function earlierFile({ path }: Pick<RunFolder, 'path'>, step: number): string {
  return join(path, `checkpoint-${step}.safetensors`);
}

/** Steps of the earlier checkpoints, the last first. */
export async function earlierSteps({ path }: Pick<RunFolder, 'path'>): Promise<readonly number[]> {
  const names = await readdir(path);
  return names
    .flatMap((name) => EARLIER.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

async function prune(run: RunFolder, newest: number, keep: number): Promise<void> {
  const steps = await earlierSteps(run);
  const kept = new Set(steps.filter((step) => step < newest).slice(0, keep));
  for (const step of steps) if (!kept.has(step)) await rm(earlierFile(run, step), { force: true });
  const left = [...kept].map((step) => earlierFile(run, step));
  await pruneShards(run.path, [run.file('checkpoint'), run.file('best'), ...left]);
}

/** Gives a file a second name, which takes no room; where the file system has none of that, a copy. */
async function alsoAs(path: string, other: string): Promise<void> {
  const aside = asideOf(other);
  try {
    await link(path, aside).catch(() => copyFile(path, aside));
    await rename(aside, other);
  } catch (cause) {
    throw new OutputError(other, cause);
  } finally {
    // Where both were one file already, renaming does nothing.
    await rm(aside, { force: true }).catch(() => {});
  }
}

/**
 * The newest checkpoint of a run; undefined where there is none yet.
 *
 * @param share the classes whose centers are wanted; all by default
 * @throws RunFolderError where it is damaged or gone, with the newest one that is whole
 */
export async function readNewest(run: RunFolder, share?: RankShare): Promise<KeptTraining | undefined> {
  const path = run.file('checkpoint');
  if (await run.has('checkpoint')) return readOr(run, path, () => readCheckpoint(path, share));
  if ((await earlierSteps(run)).length === 0) return undefined;
  return readOr(run, path, () =>
    Promise.reject(
      new RunFolderError(`'${run.path}' without ${RUN_FILES.checkpoint}`, 'the newest checkpoint', ''),
    ),
  );
}

/** The checkpoint of what a run came to: the best, where one was chosen. @throws RunFolderError as of {@link readNewest} */
export async function readOutcome(run: RunFolder): Promise<KeptTraining | undefined> {
  if (!(await run.has('best'))) return readNewest(run);
  const path = run.file('best');
  return readCheckpoint(path).catch((error: unknown) => {
    if (!(error instanceof RunFolderError)) throw error;
    throw new RunFolderError(
      error.given,
      error.expected,
      `to take the newest one instead: rm ${path}`,
      error,
    );
  });
}

async function readOr(
  run: RunFolder,
  path: string,
  read: () => Promise<KeptTraining>,
): Promise<KeptTraining> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RunFolderError)) throw error;
    const whole = await lastWhole(run);
    if (whole === undefined) throw error;
    const fix = `go on from step ${whole.state.step}, which is whole: mv ${whole.path} ${path}`;
    throw new RunFolderError(error.given, error.expected, fix, error);
  }
}

async function lastWhole(run: RunFolder): Promise<KeptTraining | undefined> {
  for (const step of await earlierSteps(run)) {
    const kept = await readCheckpoint(earlierFile(run, step)).catch(() => undefined);
    if (kept !== undefined) return kept;
  }
  return (await run.has('best')) ? readCheckpoint(run.file('best')).catch(() => undefined) : undefined;
}
