import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OutputError } from '../errors.ts';

/**
 * Writes a whole file or none: aside in the same folder, synced to disk, then renamed over the old one.
 *
 * @throws OutputError; what was at the path before is still there
 */
export async function atomicWrite(path: string, data: string | Uint8Array): Promise<void> {
  const aside = join(dirname(path), `.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`);
  try {
    const file = await open(aside, 'wx');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    throw new OutputError(path, error);
  }
}
