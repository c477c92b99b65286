import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { makeFolder } from '@cf/data/node';
import { OutputError, UsageError } from '../errors.ts';

/** Makes the folder of what is exported. @throws OutputError */
export async function makeExportFolder(out: string): Promise<void> {
  await makeFolder(out).catch((cause: unknown) => {
    throw new OutputError(out, cause);
  });
}

/** A run's folder is its training's to write to. @throws UsageError */
export async function requireOutsideRun(out: string, run: string): Promise<void> {
  const place = await realpath(out).catch(() => resolve(out));
  if (place !== (await realpath(run))) return;
  throw new UsageError(
    `--out ${out}, which is the folder of the run`,
    'another folder: what is in that one belongs to the training',
    'name another folder, such as one inside of it.',
  );
}
