import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { OutputFolderError } from '../errors.ts';
import { mapLimited } from '../map-limited.ts';

const LOOKED_AT_A_TIME = 16;

/**
 * That no folder for crops is a link to somewhere else: what lies there is not to be written over, nor removed.
 *
 * @param paths of files below the folder, which need not be there
 * @throws OutputFolderError
 */
export async function requireNoWayOut(out: string, paths: readonly string[]): Promise<void> {
  const root = await realIfThere(out);
  if (root === undefined) return;
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  await mapLimited(folders, LOOKED_AT_A_TIME, async (folder) => {
    const real = await realIfThere(join(out, folder));
    if (real === undefined || real === root || real.startsWith(root.endsWith(sep) ? root : root + sep))
      return;
    throw new OutputFolderError(
      out,
      `'${join(out, folder)}', a link to '${real}'`,
      'folders for crops that lie in it',
      'take the link away; what it leads to stays as it is.',
    );
  });
}

/** Of what can't be followed there is nothing to write over. */
function realIfThere(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}
