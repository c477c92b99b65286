import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OutputError } from '../errors.ts';

/** A name in the folder of a file, for what is to become it. */
export function asideOf(path: string): string {
  return join(dirname(path), `${asidePrefix(process.pid)}${Math.random().toString(36).slice(2)}.tmp`);
}

/** What the names of the unfinished files of a process begin with. */
export function asidePrefix(pid: number): string {
  return `.${pid}-`;
}

/** Whether a name is that of a file which nobody has finished. */
export function isAside(name: string): boolean {
  return /^\.\d+-\w+\.tmp$/.test(name);
}

/**
 * Writes a new file to disk, for names that nothing refers to before it is there.
 *
 * @throws OutputError; nothing is left of it
 */
export async function writeNew(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  try {
    const file = await open(path, 'wx');
    try {
      for (const part of Array.isArray(data) ? (data as readonly Uint8Array[]) : [data as string])
        await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true }).catch(() => {});
    throw new OutputError(path, error);
  }
}

/**
 * Writes a whole file or none: aside in the same folder, synced to disk, then renamed over the old one.
 *
 * @param data several parts are written one after the other
 * @throws OutputError; what was at the path before is still there
 */
export async function atomicWrite(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  const aside = asideOf(path);
  try {
    await writeNew(aside, data);
    await rename(aside, path);
  } catch (error) {
    if (error instanceof OutputError) throw new OutputError(path, error.cause);
    await rm(aside, { force: true }).catch(() => {});
    throw new OutputError(path, error);
  }
}
