import { extname } from 'node:path';
import { CsvError, type Info, type Parser, parse } from 'csv-parse';
import { ManifestError } from '../errors.ts';
import { linesOf } from '../source/lines-of.ts';

/** One row of a list, by the names of its columns. */
export interface ManifestRow {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The line that names its columns, from 1. */
  readonly columnsAt: number;
}

const JSON_LINES = new Set(['.jsonl', '.ndjson', '.json']);
const TABLES = new Set(['.csv', '.tsv']);

/** Whether a file's name says that it is such a list. */
export function isManifest(path: string): boolean {
  const extension = extname(path).toLowerCase();
  return JSON_LINES.has(extension) || TABLES.has(extension);
}

/** The rows of a list, as they come. @throws ManifestError naming file and line */
export function manifestRows(path: string): AsyncGenerator<ManifestRow> {
  return JSON_LINES.has(extname(path).toLowerCase()) ? jsonRows(path) : tableRows(path);
}

function failure(path: string): (reason: string, cause: unknown) => ManifestError {
  return (reason, cause) => new ManifestError(path, undefined, reason, 'a list of pictures', cause);
}

async function* jsonRows(path: string): AsyncGenerator<ManifestRow> {
  let line = 0;
  for await (const text of linesOf(path, failure(path))) {
    line++;
    const plain = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (plain.trim() === '') continue;
    yield { line, fields: objectOf(path, line, plain), columnsAt: line };
  }
}

function objectOf(path: string, line: number, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Told below, as any other text that is no object.
  }
  throw new ManifestError(path, line, shortened(text), 'an object of JSON in one line');
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

/** Bytes of a row at most, so that a quote that is never closed does not gather the whole file. */
const LONGEST_ROW = 64 * 1024;

async function* tableRows(path: string): AsyncGenerator<ManifestRow> {
  const lines = linesOf(path, failure(path));
  const first = await lines.next();
  if (first.done === true) return;
  const header = first.value.replace(/^\uFEFF/, '');
  const parser = parse({
    columns: (names: readonly string[]) => names.map((name) => name.trim().toLowerCase()),
    delimiter: delimiterOf(header),
    info: true,
    max_record_size: LONGEST_ROW,
    skip_empty_lines: true,
  });
  const fed = feed(parser, header, lines);
  try {
    let begins = 2;
    for await (const row of parser as AsyncIterable<ParsedRow>) {
      // A quoted field may have several lines.
      yield { line: begins, fields: row.record, columnsAt: 1 };
      begins = row.info.lines + 1;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? error.lines : undefined;
    throw new ManifestError(
      path,
      line,
      error.message.replace(/\.$/, ''),
      'a row with the columns of the header',
      error,
    );
  } finally {
    parser.destroy();
    await fed;
  }
}

interface ParsedRow {
  readonly info: Info;
  readonly record: Readonly<Record<string, string>>;
}

/** Writes lines to a parser as fast as it takes them; an error of theirs becomes the parser's. */
async function feed(parser: Parser, header: string, lines: AsyncGenerator<string>): Promise<void> {
  try {
    parser.write(`${header}\n`);
    for await (const line of lines) {
      if (parser.destroyed) return;
      if (!parser.write(`${line}\n`)) await drained(parser);
    }
    parser.end();
  } catch (error) {
    parser.destroy(error as Error);
  }
}

function drained(parser: Parser): Promise<void> {
  return new Promise((done) => {
    if (parser.destroyed) return done();
    parser.once('drain', done);
    parser.once('close', done);
  });
}

/** What separates the columns of a header. */
function delimiterOf(header: string): string {
  if (header.includes('\t')) return '\t';
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}
