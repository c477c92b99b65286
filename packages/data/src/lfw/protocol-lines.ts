import { ProtocolFormatError } from '../errors.ts';

/** One line of a protocol file, cut at its tabs. */
export interface ProtocolLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly columns: readonly string[];
}

/** Walks through the lines of a protocol file; its errors name file and line. */
export class ProtocolReader {
  readonly source: string;
  readonly #lines: readonly ProtocolLine[];
  #next = 0;

  constructor(text: string, source: string) {
    this.source = source;
    const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
    // Only blank lines at the very end may be missing or extra.
    while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop();
    this.#lines = lines.map((line, index) => ({
      number: index + 1,
      text: line,
      columns: line.split('\t').map((column) => column.trim()),
    }));
  }

  /** The next line, not yet taken; undefined at the end of the file. */
  peek(): ProtocolLine | undefined {
    return this.#lines[this.#next];
  }

  /** Takes the next line. `expected` says in an error what the file ended before. */
  take(expected: string): ProtocolLine {
    const line = this.#lines[this.#next];
    if (line === undefined) {
      throw new ProtocolFormatError(this.source, this.#lines.length + 1, 'the file ends here', expected);
    }
    this.#next++;
    return line;
  }

  /** Takes a line of one whole number, at least 1. */
  takeCount(expected: string): number {
    const line = this.take(expected);
    if (line.columns.length !== 1) throw this.error(line, expected);
    return this.count(line, 0, expected);
  }

  /** Asserts that nothing is left. */
  end(expected: string): void {
    const line = this.peek();
    if (line !== undefined) throw this.error(line, expected);
  }

  /** A whole number, at least 1, from a column. */
  count(line: ProtocolLine, column: number, expected: string): number {
    const text = line.columns[column] ?? '';
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) throw this.error(line, expected);
    return value;
  }

  /** An identity's name from a column, in Unicode normal form C; it must be usable as one folder's name. */
  name(line: ProtocolLine, column: number, expected: string): string {
    const text = line.columns[column] ?? '';
    if (text === '' || text === '.' || text === '..' || /[/\\\0]/.test(text))
      throw this.error(line, expected);
    return text.normalize('NFC');
  }

  error(line: ProtocolLine, expected: string): ProtocolFormatError {
    return new ProtocolFormatError(this.source, line.number, JSON.stringify(shorten(line.text)), expected);
  }
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
