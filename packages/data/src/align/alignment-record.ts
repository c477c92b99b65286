import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { OutputFolderError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { byCodeUnits } from '../order.ts';
import { readFailure } from '../read-failure.ts';
import { RECORD_FOLDER, writeAside } from './write-aside.ts';

const RECORD_PATH = join(RECORD_FOLDER, 'pictures.jsonl');

/** What became of a photograph. */
export interface AlignmentEntry {
  /** Below the folder of photographs. */
  readonly path: string;
  /** What it was made of: size and time of the file, and how it was aligned. */
  readonly made: string;
  /** The crop's path below the folder of crops; undefined where there is none. */
  readonly crop?: string;
  /** Of the crop's file. */
  readonly bytes?: number;
  /** How many faces the photograph shows. */
  readonly faces?: number;
  readonly score?: number;
  /** Of the chosen face, in pixels of the upright photograph. */
  readonly landmarks?: readonly (readonly number[])[];
  /** Why there is no crop. */
  readonly reason?: string;
}

/** What was done already, one JSON line a photograph behind a line that says of which folder; of two lines of one path the later counts. */
export class AlignmentRecord {
  readonly file: string;
  readonly #out: string;
  readonly #entries: Map<string, AlignmentEntry>;
  readonly #heading: string;

  private constructor(out: string, heading: string, entries: Map<string, AlignmentEntry>) {
    this.file = join(out, RECORD_PATH);
    this.#out = out;
    this.#heading = heading;
    this.#entries = entries;
  }

  /**
   * Opens the record of a folder of crops, or begins one.
   *
   * @param data the folder of photographs, from the root of the file system
   * @throws OutputFolderError where the folder holds something else, or crops of other photographs
   */
  static async open(out: string, data: string): Promise<AlignmentRecord> {
    const heading = `${JSON.stringify({ data })}\n`;
    try {
      const text = await readFile(join(out, RECORD_PATH), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (text === undefined) await requireUnused(out);
      await makeFolder(join(out, RECORD_FOLDER));
      const lines = (text ?? '').split('\n');
      if (text !== undefined) requireSame(out, lines[0]!, data);
      const entries = new Map<string, AlignmentEntry>();
      for (const line of lines.slice(1)) {
        const entry = parsed(line) as AlignmentEntry | undefined;
        if (typeof entry?.path === 'string' && isInside(entry.crop)) entries.set(entry.path, entry);
      }
      const record = new AlignmentRecord(out, heading, entries);
      // Ends a line that an interrupted call left half.
      await record.compact();
      return record;
    } catch (error) {
      if (error instanceof OutputFolderError) throw error;
      throw new OutputFolderError(
        out,
        `'${out}': ${readFailure(error)}`,
        'a folder that can be written to',
        'choose another folder.',
      );
    }
  }

  get(path: string): AlignmentEntry | undefined {
    return this.#entries.get(path);
  }

  /** Sorted by path. */
  entries(): readonly AlignmentEntry[] {
    return [...this.#entries.values()].sort((a, b) => byCodeUnits(a.path, b.path));
  }

  /** Opens the file each time: another process on the same folder may have written it anew. */
  async add(entry: AlignmentEntry): Promise<void> {
    this.#entries.set(entry.path, entry);
    await appendFile(this.file, `${JSON.stringify(entry)}\n`);
  }

  /** Takes effect in the file with {@link compact}; what is forgotten is looked at again anyway. */
  forget(path: string): void {
    this.#entries.delete(path);
  }

  /** Writes the file anew, a line a photograph. */
  async compact(): Promise<void> {
    const lines = this.entries().map((entry) => `${JSON.stringify(entry)}\n`);
    await writeAside(this.#out, RECORD_PATH, this.#heading + lines.join(''));
  }
}

/** Whether a crop lies in the folder of crops: a record that someone else made may name any file, and crops are removed. */
function isInside(crop: unknown): boolean {
  if (crop === undefined) return true;
  return typeof crop === 'string' && !isAbsolute(crop) && !crop.split(/[\\/]/).includes('..');
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function requireUnused(out: string): Promise<void> {
  const found = await stat(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  const expected = 'a folder that is new, empty, or of an earlier alignment';
  if (!found.isDirectory()) {
    throw new OutputFolderError(out, `'${out}' is a file`, expected, 'choose another folder.');
  }
  const names = (await readdir(out)).filter((name) => name !== RECORD_FOLDER);
  if (names.length === 0) return;
  throw new OutputFolderError(
    out,
    `'${out}' holds ${names.length} file${names.length === 1 ? '' : 's'} or folders`,
    expected,
    'choose another folder.',
  );
}

function requireSame(out: string, heading: string, data: string): void {
  const before = (parsed(heading) as { readonly data?: unknown } | undefined)?.data;
  if (before === data) return;
  throw new OutputFolderError(
    out,
    `'${out}' holds crops of ${typeof before === 'string' ? `'${before}'` : 'an unknown folder'}`,
    `crops of '${data}', or nothing`,
    'choose another folder; of photographs that were moved, remove the crops and align again.',
  );
}
