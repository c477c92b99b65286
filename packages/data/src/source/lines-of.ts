import { FileBytes } from './file-bytes.ts';

const READ = 64 * 1024;
/** Longer ones are no lines of a list. */
const MOST_BYTES = 2 ** 20;

/**
 * The lines of a text in UTF-8, without their ends; a little of the file is in memory at a time.
 *
 * @param fail makes the error of a file that can't be read, or of a line of more than a megabyte, from the reason
 */
export async function* linesOf(
  path: string,
  fail: (reason: string, cause: unknown) => Error,
): AsyncGenerator<string> {
  // A generator can't yield from inside of FileBytes.with's work, so parts are asked for one at a time.
  let rest = Buffer.alloc(0);
  let at = 0;
  for (;;) {
    const part = await FileBytes.with(path, fail, async (bytes) => Buffer.from(await bytes.at(at, READ)));
    if (part.length === 0) break;
    rest = Buffer.concat([rest, part]);
    at += part.length;
    const end = rest.lastIndexOf(0x0a);
    if (end < 0 && rest.length > MOST_BYTES) throw fail('a line has more than a megabyte', undefined);
    if (end < 0) continue;
    const whole = rest.subarray(0, end).toString('utf8');
    rest = rest.subarray(end + 1);
    for (const line of whole.split('\n')) yield line.replace(/\r$/, '');
  }
  if (rest.length > 0) yield rest.toString('utf8').replace(/\r$/, '');
}
