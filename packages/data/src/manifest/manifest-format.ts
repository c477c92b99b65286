import { ManifestError } from '../errors.ts';

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
  return isJsonLines(path) || TABLES.has(extensionOf(path));
}

/** Whether it has an object in each line; else it is a table. */
export function isJsonLines(path: string): boolean {
  return JSON_LINES.has(extensionOf(path));
}

/** From the last dot on, in small letters; a name that begins with its only dot has none. */
function extensionOf(path: string): string {
  return /[^/\\](\.[^./\\]*)$/.exec(path)?.[1]?.toLowerCase() ?? '';
}

/** The object that a line is. @throws ManifestError for any other text */
export function objectOf(path: string, line: number, text: string): Readonly<Record<string, unknown>> {
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

/** How a table is read. @param header its first line, which says what separates columns */
export function tableOptions(header: string): {
  readonly columns: (names: readonly string[]) => string[];
  readonly delimiter: string;
  readonly info: true;
  readonly max_record_size: number;
  readonly skip_empty_lines: true;
} {
  return {
    columns: (names) => names.map((name) => name.trim().toLowerCase()),
    delimiter: delimiterOf(header),
    info: true,
    max_record_size: LONGEST_ROW,
    skip_empty_lines: true,
  };
}

/** What the parser gives of a row. */
export interface ParsedRow {
  readonly info: { readonly lines: number };
  readonly record: Readonly<Record<string, string>>;
}

/** What is told of a row that the parser refuses. */
export function rowError(path: string, error: Error & { readonly lines?: unknown }): ManifestError {
  const line = typeof error.lines === 'number' ? error.lines : undefined;
  const reason = error.message.replace(/\.$/, '');
  return new ManifestError(path, line, reason, 'a row with the columns of the header', error);
}

/** What separates the columns of a header. */
function delimiterOf(header: string): string {
  if (header.includes('\t')) return '\t';
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}
