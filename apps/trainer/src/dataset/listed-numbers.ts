import { UsageError } from '../errors.ts';
import { readGiven } from '../settings/read-given.ts';

/** What a list of numbers is of, and by what flag it is given. */
export interface ListedNumbers {
  readonly flag: string;
  readonly file: string;
  /** Columns that may name the thing, such as `picture`. */
  readonly names: readonly string[];
  /** The column of the number, such as `difficulty`. */
  readonly number: string;
  /** In words, such as `a picture and its difficulty`. */
  readonly each: string;
  readonly least: number;
}

/**
 * Numbers by name, from a file of JSON lines or a CSV file whose first line names its columns; other columns are passed over.
 *
 * @throws UsageError that names the line
 */
export async function readListedNumbers(list: ListedNumbers): Promise<ReadonlyMap<string, number>> {
  const { file, names, number, each, least } = list;
  const lines = (await readGiven(list.flag, file)).replace(/^\uFEFF/, '').split(/\r?\n/);
  const isJson =
    lines
      .find((line) => line.trim() !== '')
      ?.trimStart()
      .startsWith('{') === true;
  const columns = isJson ? [] : csvFields(lines[0]!).map((column) => column.trim());
  const numbers = new Map<string, number>();
  const failure = (at: number, given: string): UsageError =>
    new UsageError(
      `${file}:${at + 1}: ${given}`,
      `${each}, as JSON or as columns ${names.join(' or ')}, and ${number}`,
      'correct the line.',
    );
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '' || (at === 0 && !isJson)) continue;
    const row = isJson
      ? parsed(line)
      : Object.fromEntries(csvFields(line).map((text, i) => [columns[i], text]));
    const name = names
      .map((column) => row?.[column])
      .find((value) => typeof value === 'string' && value !== '');
    if (typeof name !== 'string') throw failure(at, `no ${names.join(' or ')}`);
    const given = row![number];
    const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < least)
      throw failure(at, `${number} = ${JSON.stringify(given) ?? 'none'}`);
    numbers.set(name, value);
  }
  if (numbers.size > 0) return numbers;
  throw failure(0, 'no entry');
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of a line of CSV; a field in quotes may hold commas, and quotes doubled. */
function csvFields(line: string): readonly string[] {
  return Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll('""', '"'),
  );
}
