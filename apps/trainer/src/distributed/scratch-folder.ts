import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RunFolderError } from '../errors.ts';
import { isProcessThere } from '../run/lock-holder.ts';
import { openRunFolder, type RunFolder, runFolder } from '../run/run-folder.ts';
import { isLock } from '../run/run-lock.ts';

/** Where a run's folder is, for the others. */
interface Opened {
  readonly path: string;
  /** Of the process that holds it. */
  readonly locks: string;
}

/** What the first rank says of the folder that it has opened. */
export async function openedBy({ path }: RunFolder): Promise<string> {
  const opened: Opened = { path: resolve(path), locks: await locksIn(path) };
  return JSON.stringify(opened);
}

/** What stands in the locks of a folder, which no copy of it has for long. */
async function locksIn(path: string): Promise<string> {
  const names = (await readdir(path)).filter(isLock).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(path, name), 'utf8').catch(() => '')));
  return texts.join('');
}

/**
 * The folder of a rank that only works: it goes when it is released.
 *
 * @param opened {@link openedBy} of the first
 * @throws RunFolderError where this rank does not see that one's folder
 */
export async function scratchFolder(opened: string): Promise<RunFolder> {
  const { path, locks } = JSON.parse(opened) as Opened;
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
    if (pid === undefined || isProcessThere(Number(pid))) continue;
    const path = join(tmpdir(), name);
    // Numbers of other containers are not ours.
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > A_DAY) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
