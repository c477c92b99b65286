import { link, lstat, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutputError, RunFolderError } from '../errors.ts';
import { asideOf, asidePrefix } from './atomic-write.ts';
import { isThere } from './is-there.ts';
import { holderText, type LockHolder, parseHolder, presenceOf, thisHolder } from './lock-holder.ts';

/** A run that this process alone writes to. */
export interface RunLock {
  /** That no other process has taken it, and that it is still there. @throws RunFolderError */
  require(): Promise<void>;
  /** Lets others in. */
  release(): Promise<void>;
}

/** A lock is touched this often while its process lives. */
const BEAT_MS = 10_000;
/** One of another machine counts as left behind when it was not touched for so long. */
export const SILENCE_MS = 300_000;

const NAME = /^run-(\d+)\.lock$/;

/** Whether a file of a run folder is a lock. */
export function isLock(name: string): boolean {
  return NAME.test(name);
}

/**
 * Takes a run folder for this process. A lock that a dead process left is taken over, which is said.
 *
 * Locks are numbered, and one is never replaced: whoever takes a run over makes the file of the next number, which only one
 * process can, and only then removes the others. So of several that find a lock left behind one gets the run.
 *
 * @throws RunFolderError if another process holds it; OutputError if no lock can be written
 */
export async function lockRun(path: string, say: (line: string) => void): Promise<RunLock> {
  const here = await thisHolder();
  const aside = asideOf(join(path, 'run.lock'));
  try {
    await writeHolder(aside, here);
    const file = await takeNext(path, { aside, here, say });
    return held(path, file, here);
  } finally {
    await rm(aside, { force: true }).catch(() => {});
  }
}

interface Taking {
  /** A file with the holder in it, written just now. */
  readonly aside: string;
  readonly here: LockHolder;
  readonly say: (line: string) => void;
}

async function takeNext(path: string, { aside, here, say }: Taking): Promise<string> {
  for (;;) {
    const before = await locksOf(path);
    const last = before.at(-1);
    const found = last === undefined ? undefined : await lookAt(last.file, aside, here);
    if (last !== undefined && found === undefined) continue;
    if (found?.isHeld) throw heldBy(path, last!.file, found);
    const file = join(path, `run-${(last?.number ?? 0) + 1}.lock`);
    if (!(await linkNew(aside, file))) continue;
    // Numbers begin anew when a run is released: whoever looked before that sees a list that is past.
    for (const other of (await locksOf(path)).filter((one) => one.file !== file)) {
      const rival = await lookAt(other.file, aside, here);
      if (!rival?.isHeld) continue;
      await rm(file, { force: true });
      throw heldBy(path, other.file, rival);
    }
    for (const one of before)
      await rm(one.file, { force: true }).catch((cause: unknown) => {
        throw new OutputError(one.file, cause);
      });
    if (found?.holder !== undefined) {
      await removeAsides(path, found.holder);
      say(`'${path}' was left by ${holderText(found.holder)}, which is gone (${found.why}): taken over`);
    }
    return file;
  }
}

/** What a dead process was about to write. */
async function removeAsides(path: string, { pid }: LockHolder): Promise<void> {
  const isAside = (name: string): boolean => name.startsWith(asidePrefix(pid)) && name.endsWith('.tmp');
  if (pid === process.pid) return;
  for (const name of (await readdir(path)).filter(isAside)) await rm(join(path, name), { force: true });
}

async function locksOf(path: string): Promise<readonly { readonly file: string; readonly number: number }[]> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw new OutputError(join(path, 'run-1.lock'), cause);
  });
  return names
    .filter(isLock)
    .map((name) => ({ file: join(path, name), number: Number(NAME.exec(name)![1]) }))
    .sort((a, b) => a.number - b.number);
}

/** A lock as it was found. */
interface Found {
  readonly holder: LockHolder | undefined;
  readonly isHeld: boolean;
  /** Whether this machine knows of its process; else its silence counts. */
  readonly isKnown: boolean;
  readonly why: string;
}

/** @param aside written just now in the same folder: its clock is the one of the lock. @returns undefined if it is gone */
async function lookAt(file: string, aside: string, here: LockHolder): Promise<Found | undefined> {
  const gone = (error: NodeJS.ErrnoException): undefined => {
    if (error.code !== 'ENOENT') throw new OutputError(file, error);
  };
  const [touched, now] = await Promise.all([lstat(file).catch(gone), stat(aside)]);
  // What is no file, or can't be read, says nothing of its holder.
  const text = touched?.isFile()
    ? await readFile(file, 'utf8').catch((error) => (error.code === 'ENOENT' ? undefined : ''))
    : '';
  if (touched === undefined || text === undefined) return undefined;
  const holder = parseHolder(text);
  const silence = now.mtimeMs - touched.mtimeMs;
  const presence = holder === undefined ? 'unknown' : await presenceOf(holder, here);
  if (presence !== 'unknown')
    return {
      holder,
      isHeld: presence === 'alive',
      isKnown: true,
      why: 'no such process on this machine',
    };
  const seconds = Math.max(0, Math.round(silence / 1000));
  return {
    holder,
    isHeld: silence < SILENCE_MS,
    isKnown: false,
    why: `last sign of life ${seconds} s ago; after ${SILENCE_MS / 1000} s it counts as gone`,
  };
}

function heldBy(path: string, file: string, { holder, isKnown, why }: Found): RunFolderError {
  const who = holder === undefined ? 'an unknown process' : holderText(holder);
  return new RunFolderError(
    `'${path}', which ${who} writes to${isKnown ? '' : ` (${why})`}`,
    'a run that no other process writes to',
    `wait for it, or end it; if it is known to be gone: rm '${file}'`,
  );
}

/** Gives a file its second name, if there is none such. */
async function linkNew(aside: string, file: string): Promise<boolean> {
  try {
    await link(aside, file);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Some file systems know no second names.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS' || code === 'EOPNOTSUPP')
      return writeNew(file, await readFile(aside, 'utf8'));
    throw new OutputError(file, cause);
  }
}

async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx', flush: true });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new OutputError(file, cause);
  }
}

async function writeHolder(file: string, holder: LockHolder): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(holder)}\n`, { flag: 'wx', flush: true });
  } catch (cause) {
    throw new OutputError(file, cause);
  }
}

function held(path: string, file: string, here: LockHolder): RunLock {
  const isOurs = async (): Promise<boolean> => {
    const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return '';
      throw new OutputError(file, cause);
    });
    return parseHolder(text)?.token === here.token;
  };
  // By the clock of the file system, and never a new file.
  const beat = async (): Promise<void> => {
    if (!(await isOurs())) return;
    const handle = await open(file, 'r+').catch(() => undefined);
    try {
      await handle?.write('{', 0);
    } catch {
      // A full disk does not end a run by itself.
    } finally {
      await handle?.close();
    }
  };
  const timer = setInterval(() => void beat().catch(() => {}), BEAT_MS).unref();
  return {
    async require() {
      if (await isOurs()) return;
      clearInterval(timer);
      const isLeft = await isThere(path);
      throw new RunFolderError(
        `'${path}', ${isLeft ? `whose lock another process or somebody has taken away` : 'which was removed'} while this process wrote to it`,
        'a run folder that stays with its process',
        isLeft
          ? 'look which process writes to it (run-*.lock); this one writes no more.'
          : 'begin anew; what was trained since it was removed is lost.',
      );
    },
    async release() {
      clearInterval(timer);
      if (await isOurs().catch(() => false)) await rm(file, { force: true }).catch(() => {});
    },
  };
}
