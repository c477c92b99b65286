import { parse } from 'csv-parse/sync';

/** What an embedding is of. */
export interface EmbeddedPicture {
  /** Such as `Ann/Ann_0001.jpg`. */
  readonly picture: string;
  /** Who is in it; empty where nobody says so. */
  readonly identity: string;
}

/** Where the names of a `.npy` file lie: `faces.npy` has `faces.names.jsonl`. */
export function namesBeside(path: string): string {
  return `${withoutEnding(path)}.names.jsonl`;
}

/** A list from elsewhere: `faces.names.csv`. */
export function csvBeside(path: string): string {
  return `${withoutEnding(path)}.names.csv`;
}

function withoutEnding(path: string): string {
  return path.replace(/\.npy$/i, '');
}

/** A line a picture, in the order of the rows. */
export function* nameLines(pictures: Iterable<EmbeddedPicture>): Generator<string> {
  for (const { picture, identity } of pictures) yield `${JSON.stringify({ picture, identity })}\n`;
}

/** @throws Error that names the line */
export function parseNameLines(text: string): EmbeddedPicture[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      try {
        return pictureOf(JSON.parse(line));
      } catch {
        throw new Error(`line ${index + 1} is not {"picture": …, "identity": …}`);
      }
    });
}

/** Names of a table with columns picture and identity. @throws Error */
export function parseNameTable(text: string): EmbeddedPicture[] {
  const rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true }) as unknown[];
  return rows.map((row, index) => {
    try {
      return pictureOf(row);
    } catch {
      throw new Error(`row ${index + 1} has no column picture, or none identity`);
    }
  });
}

function pictureOf(value: unknown): EmbeddedPicture {
  const { picture, identity } = value as Record<string, unknown>;
  if (typeof picture === 'string' && typeof identity === 'string') return { picture, identity };
  throw new TypeError('no names');
}
