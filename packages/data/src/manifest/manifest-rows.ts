import { CsvError, type Parser, parse } from 'csv-parse';
import { ManifestError } from '../errors.ts';
import { linesOf } from '../source/lines-of.ts';
import {
  isJsonLines,
  type ManifestRow,
  objectOf,
  type ParsedRow,
  rowError,
  tableOptions,
} from './manifest-format.ts';

/** The rows of a list, as they come. @throws ManifestError naming file and line */
export function manifestRows(path: string): AsyncGenerator<ManifestRow> {
  return isJsonLines(path) ? jsonRows(path) : tableRows(path);
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

async function* tableRows(path: string): AsyncGenerator<ManifestRow> {
  const lines = linesOf(path, failure(path));
  const first = await lines.next();
  if (first.done === true) return;
  const header = first.value.replace(/^\uFEFF/, '');
  const parser = parse(tableOptions(header));
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
    throw rowError(path, error);
  } finally {
    parser.destroy();
    await fed;
  }
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
