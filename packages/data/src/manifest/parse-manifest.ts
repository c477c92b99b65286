import { CsvError, parse } from 'csv-parse/browser/esm/sync';
import {
  isJsonLines,
  type ManifestRow,
  objectOf,
  type ParsedRow,
  rowError,
  tableOptions,
} from './manifest-format.ts';

/**
 * The rows of a list whose text is there, such as one that a page fetched; `manifestRows` of `@cf/data/node` reads a file.
 *
 * @param name of the list: what it ends in says whether it is a table or lines of JSON, and errors name it.
 * @throws ManifestError naming list and line
 */
export function parseManifest(text: string, name: string): ManifestRow[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return isJsonLines(name) ? jsonRows(lines, name) : tableRows(lines, name);
}

function jsonRows(lines: readonly string[], name: string): ManifestRow[] {
  return lines.flatMap((text, index) => {
    const line = index + 1;
    return text.trim() === '' ? [] : [{ line, fields: objectOf(name, line, text), columnsAt: line }];
  });
}

function tableRows(lines: readonly string[], name: string): ManifestRow[] {
  let rows: readonly ParsedRow[];
  try {
    rows = parse(lines.join('\n'), tableOptions(lines[0]!)) as unknown as readonly ParsedRow[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw rowError(name, error);
  }
  let begins = 2;
  return rows.map((row) => {
    // A quoted field may have several lines.
    const line = begins;
    begins = row.info.lines + 1;
    return { line, fields: row.record, columnsAt: 1 };
  });
}
