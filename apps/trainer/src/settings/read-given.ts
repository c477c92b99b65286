import { readFile, stat } from 'node:fs/promises';
import { reasonOf } from '@cf/core';
import { notAFile } from '@cf/data/node';
import { UsageError } from '../errors.ts';

/** The text of a file that a flag names. @throws UsageError if it can't be read */
export async function readGiven(flag: string, file: string): Promise<string> {
  try {
    return await readRegular(file);
  } catch (cause) {
    throw new UsageError(
      `${flag} ${file} (${reasonOf(cause)})`,
      'a file that can be read',
      'check the path.',
    );
  }
}

/**
 * The text of a file. A pipe or a device is told apart before it is opened: to read one may never end.
 *
 * @throws Error of the system, or that says what else it is
 */
export async function readRegular(path: string): Promise<string> {
  await requireRegular(path);
  return await readFile(path, 'utf8');
}

/** That a path is a file, which has an end. @throws Error of the system, or that says what else it is */
export async function requireRegular(path: string): Promise<void> {
  const fault = notAFile(await stat(path));
  if (fault !== undefined) throw new Error(fault);
}
