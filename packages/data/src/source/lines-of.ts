import { isUtf8 } from 'node:buffer';
import { FileBytes } from './file-bytes.ts';

const READ = 64 * 1024;
/** Longer ones are no lines of a list. */
const MOST_BYTES = 2 ** 20;

/**
 * The lines of a text in UTF-8, without their ends; a little of the file is in memory at a time.
 *
 * @param fail makes the error of a file that can't be read, is not in UTF-8, or has a line of more than a megabyte, from the reason
 */
export async function* linesOf(
  path: string,
  fail: (reason: string, cause: unknown) => Error,
): AsyncGenerator<string> {
  // A generator can't yield from inside of FileBytes.with's work, so parts are asked for one at a time.
  let rest = Buffer.alloc(0);
  let at = 0;
  let before = 0;
  for (;;) {
    const part = await FileBytes.with(path, fail, async (bytes) => Buffer.from(await bytes.at(at, READ)));
    if (part.length === 0) break;
    rest = Buffer.concat([rest, part]);
    at += part.length;
    const end = rest.lastIndexOf(0x0a);
    if (end < 0 && rest.length > MOST_BYTES) throw fail('a line has more than a megabyte', undefined);
    if (end < 0) continue;
    const lines = linesIn(rest.subarray(0, end), before, fail);
    yield* lines;
    before += lines.length;
    rest = rest.subarray(end + 1);
  }
  if (rest.length > 0) yield* linesIn(rest, before, fail);
}

/** @param before how many lines come before these */
function linesIn(
  part: Buffer,
  before: number,
  fail: (reason: string, cause: unknown) => Error,
): readonly string[] {
  const lines = part.toString('utf8').split('\n');
  if (!isUtf8(part)) {
    // What is no UTF-8 is read as U+FFFD, and would make one name of several.
    const at = lines.findIndex((line) => line.includes('\uFFFD'));
    throw fail(`line ${before + at + 1} is not in UTF-8`, undefined);
  }
  return lines.map((line) => line.replace(/\r$/, ''));
}
