import { ManifestError, type ManifestRow } from '@cf/data';

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
]);

/** Reads the cells of one kind of list; what is wrong names file and line. */
export class RowReader {
  readonly #path: string;
  readonly #columns: string;

  /** @param columns what a line has to have, in words */
  constructor(path: string, columns: string) {
    this.#path = path;
    this.#columns = columns;
  }

  /** A cell that has to be there. @throws ManifestError */
  text(row: ManifestRow, column: string): string {
    const found = this.maybe(row, column);
    if (found !== undefined) return found;
    const given =
      row.fields[column] === undefined
        ? `no '${column}' among ${Object.keys(row.fields).join(', ')}`
        : `${column} = ${JSON.stringify(row.fields[column])}`;
    throw this.failure(row.line, given, `the ${column} of each line`);
  }

  /** A cell that may be left out or empty. @throws ManifestError for what is neither text nor number */
  maybe({ line, fields }: ManifestRow, column: string): string | undefined {
    const given = fields[column];
    if (given === undefined || given === null || given === '') return undefined;
    if (typeof given === 'number' && Number.isFinite(given)) return String(given);
    if (typeof given === 'string' && given.trim() !== '' && !given.includes('\0'))
      return given.trim().normalize('NFC');
    throw this.failure(line, `${column} = ${JSON.stringify(given)}`, 'a text');
  }

  /** 1 or true, 0 or false. @throws ManifestError */
  truth(row: ManifestRow, column: string): boolean {
    const given = row.fields[column];
    const truth = typeof given === 'boolean' ? given : TRUTHS.get(this.text(row, column).toLowerCase());
    if (truth !== undefined) return truth;
    throw this.failure(row.line, `${column} = ${JSON.stringify(given)}`, '1 or 0');
  }

  /** `gallery` or `probe`. @throws ManifestError */
  side(row: ManifestRow): 'gallery' | 'probe' {
    const given = this.text(row, 'split').toLowerCase();
    if (given === 'gallery' || given === 'probe') return given;
    throw this.failure(row.line, `split '${given}'`, 'gallery or probe');
  }

  failure(line: number | undefined, given: string, expected: string): ManifestError {
    return new ManifestError(this.#path, line, given, expected, undefined, this.#columns);
  }
}
