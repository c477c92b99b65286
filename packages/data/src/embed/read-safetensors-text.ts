import type { FileHandle } from 'node:fs/promises';
import { readExactly } from '../source/read-span.ts';

/**
 * Reads how an open file begins: the text of its header, and the byte that its numbers begin at.
 *
 * @param size of the file
 * @throws Error that says what is wrong
 */
export async function readSafetensorsText(
  file: FileHandle,
  size: number,
  mostBytes: number = size,
): Promise<{ readonly text: string; readonly start: number }> {
  if (size < 8) throw new Error(`only ${size} bytes`);
  const length = Number(Buffer.from(await readExactly(file, 0, 8)).readBigUInt64LE(0));
  if (length > mostBytes || 8 + length > size)
    throw new Error(`a header of ${length} bytes in a file of ${size}: no safetensors, or cut short`);
  const text = Buffer.from(await readExactly(file, 8, length)).toString('utf8');
  return { text, start: 8 + length };
}
