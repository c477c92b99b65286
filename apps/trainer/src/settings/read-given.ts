import { readFile } from 'node:fs/promises';
import { reasonOf, UsageError } from '../errors.ts';

/** The text of a file that a flag names. @throws UsageError if it can't be read */
export async function readGiven(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError(
      `${flag} ${file} (${reasonOf(cause)})`,
      'a file that can be read',
      'check the path.',
    );
  }
}
