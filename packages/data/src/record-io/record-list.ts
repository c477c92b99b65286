import { RecordFileError } from '../errors.ts';
import { linesOf } from '../source/lines-of.ts';

const LINE = 'number, label and path of a picture, with tabs between them';

/** The folder that a picture of a list lies in: who it is of. */
export interface ListedRecord {
  readonly identity: string;
  readonly file: string;
}

/**
 * Who the records of a pack are of, by number, from the list that it was made of: number, labels and path, as im2rec has
 * it. What follows the last tab is the path; the identity is the name of its folder.
 *
 * @throws RecordFileError naming file and line.
 */
export async function readRecordList(path: string): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>();
  const known = new Map<string, string>();
  for await (const [key, { identity }] of recordList(path)) {
    // One text for all pictures of a person.
    if (!known.has(identity)) known.set(identity, identity);
    names.set(key, known.get(identity)!);
  }
  return names;
}

/** The lines of a list. Pictures that lie in no folder have no name. @throws RecordFileError naming file and line */
export async function* recordList(
  path: string,
): AsyncGenerator<readonly [key: number, listed: ListedRecord]> {
  const fail = (reason: string, cause?: unknown): RecordFileError =>
    new RecordFileError(path, `'${path}': ${reason}`, 'the list of a pack', { cause });
  let number = 0;
  for await (const line of linesOf(path, fail)) {
    number++;
    if (line.trim() === '') continue;
    const found = /^(\d+)\t.*\t([^\t]+)$/.exec(line);
    if (found === null) {
      throw new RecordFileError(path, `${path}:${number}: ${JSON.stringify(line.slice(0, 80))}`, LINE);
    }
    const [identity = '', file] = found[2]!.split(/[/\\]/).slice(-2);
    if (file === undefined || ['', '.', '..'].includes(identity) || found[2]!.includes('\0')) continue;
    yield [Number(found[1]), { identity: identity.normalize('NFC'), file }];
  }
}
