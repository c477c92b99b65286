import { ManifestError, type ManifestRow } from '@cf/data';
import { manifestRows } from '@cf/data/node';
import { UsageError } from '../errors.ts';

/** What a list of numbers is of, and by what flag it is given. */
export interface ListedNumbers {
  readonly flag: string;
  readonly file: string;
  /** Columns that may name the thing, such as `picture`. */
  readonly names: readonly string[];
  /** What is compared of a name; all of it by default. */
  readonly key?: (name: string) => string;
  /** The column of the number, such as `difficulty`. */
  readonly number: string;
  /** In words, such as `a picture and its difficulty`. */
  readonly each: string;
  readonly least: number;
}

/**
 * Numbers by name, from a file of JSON lines or a table whose first line names its columns; other columns are passed over.
 * A thing that is listed again must have the same number.
 *
 * @throws UsageError that names flag, file and line
 */
export async function readListedNumbers(list: ListedNumbers): Promise<ReadonlyMap<string, number>> {
  const { flag, file, names, number, each, least, key = (name) => name } = list;
  const numbers = new Map<string, number>();
  const expected = `${each}, as columns ${names.join(' or ')}, and ${number}`;
  for await (const { line, fields } of rowsOf(list, expected)) {
    const failure = (given: string): UsageError =>
      new UsageError(`${flag} ${file}:${line}: ${given}`, expected, 'correct the line.');
    const name = names.map((column) => fields[column]).find((one) => typeof one === 'string' && one !== '');
    if (typeof name !== 'string') throw failure(`no ${names.join(' or ')}`);
    const given = fields[number];
    const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < least)
      throw failure(`${number} = ${JSON.stringify(given) ?? 'none'}`);
    const before = numbers.get(key(name));
    if (before !== undefined && before !== value)
      throw failure(`${number} = ${value} of '${key(name)}', which a line above has as ${before}`);
    numbers.set(key(name), value);
  }
  if (numbers.size > 0) return numbers;
  throw new UsageError(`${flag} ${file}, which is empty`, expected, 'give a list with a line for each.');
}

/** What is wrong with a list is told by its flag: it is none of pictures and people. */
async function* rowsOf({ flag, file }: ListedNumbers, expected: string): AsyncGenerator<ManifestRow> {
  try {
    yield* manifestRows(file);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const wanted = error.line === undefined ? expected : `${error.expected}: ${expected}`;
    throw new UsageError(`${flag}: ${error.given}`, wanted, 'correct the list.');
  }
}
