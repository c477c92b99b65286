import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../make-folder.ts';

/** Hidden, so that a folder of crops holds people alone. */
export const RECORD_FOLDER = '.align';
/** What is half-written for longer was left by a process that was killed. */
const LEFT_BEHIND_MS = 600_000;

/** Writes a file of the folder of crops, and the folders above it: it is there whole, or not at all. */
export async function writeAside(out: string, path: string, content: Uint8Array | string): Promise<void> {
  const target = join(out, path);
  const aside = join(out, RECORD_FOLDER, `${randomUUID()}.partial`);
  try {
    await makeFolder(dirname(target));
    await writeFile(aside, content, { flush: true });
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** Removes what calls that were killed left half-written. */
export async function removePartials(out: string): Promise<void> {
  for (const name of await readdir(join(out, RECORD_FOLDER))) {
    if (!name.endsWith('.partial')) continue;
    const file = join(out, RECORD_FOLDER, name);
    const found = await stat(file).catch(() => undefined);
    // A younger one may be of another process.
    if (found !== undefined && Date.now() - found.mtimeMs > LEFT_BEHIND_MS) await rm(file, { force: true });
  }
}
