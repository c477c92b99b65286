import type { RunTile } from './head/sweep-threads.ts';
import { openTileWork } from './kernels/onednn/tile-job.ts';

/** Opens oneDNN in a thread of a head. @param library its name or file */
export async function open(library: string): Promise<RunTile> {
  const { default: koffi } = await import('koffi');
  return openTileWork(koffi, library);
}
