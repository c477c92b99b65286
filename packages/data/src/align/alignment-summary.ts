import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { printable } from '@cf/core';
import type { ImageProblem } from '../problem.ts';
import type { AlignmentRecord } from './alignment-record.ts';
import { alignmentSheets } from './alignment-sheets.ts';
import type { Alignment } from './make-crop.ts';
import { RECORD_FOLDER, writeAside } from './write-aside.ts';

/** What came out of a folder of photographs. */
export interface AlignedFolder {
  /** Files that may be photographs, those among them that can't be read. */
  readonly total: number;
  readonly aligned: number;
  /** Of all, how many an earlier call had done. */
  readonly kept: number;
  /** Crops of photographs that are no longer there, which were removed. */
  readonly removed: number;
  /** Aligned photographs that show several faces, of which the largest and most central one was taken. */
  readonly several: readonly { readonly path: string; readonly faces: number }[];
  /** Photographs without a face, by their paths below the folder. */
  readonly withoutFace: readonly string[];
  /** How many crops lie in no person's folder, as their photographs do. */
  readonly inNoFolder: number;
  /** Paths of `landmarks` that no file in the folder has. */
  readonly unmatched: readonly string[];
  /** What could not be read. */
  readonly problems: readonly ImageProblem[];
  /** Lists and sheets, as paths. */
  readonly files: {
    /** JSON lines: what became of each photograph, with landmarks. */
    readonly record: string;
    /** JSON lines: path and reason of what did not come out. */
    readonly leftOut: string;
    /** Crops, at most 200 of all people; undefined where there is none. */
    readonly sheet: string | undefined;
    /** Photographs without a face. */
    readonly leftOutSheet: string | undefined;
  };
}

/** An alignment at its end. */
interface Finished extends Alignment {
  readonly record: AlignmentRecord;
  readonly problems: readonly ImageProblem[];
  readonly total: number;
  readonly kept: number;
  readonly removed: number;
  readonly unmatched: readonly string[];
}

/** Writes lists and sheets of what became of the photographs, and tells it. */
export async function summarise(finished: Finished): Promise<AlignedFolder> {
  const { data, out, record, problems, total, kept, removed, unmatched } = finished;
  const entries = record.entries();
  const aligned = entries.filter(({ crop }) => crop !== undefined);
  const leftOut = entries.filter(({ crop }) => crop === undefined);
  const lines = [
    ...leftOut.map(({ path, reason }) => ({ path, reason })),
    ...problems.map(({ path, message }) => ({
      path: relative(data, path),
      reason: message.slice(printable(path).length + 2),
    })),
  ];
  const list = join(out, RECORD_FOLDER, 'left-out.jsonl');
  await writeAside(
    out,
    join(RECORD_FOLDER, 'left-out.jsonl'),
    lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  const sheets = await alignmentSheets({
    crops: aligned.map(({ crop }) => join(out, crop!)),
    leftOut: leftOut.map(({ path }) => join(data, path)),
  });
  const place = async (name: string, sheet: Uint8Array | undefined): Promise<string | undefined> => {
    const path = join(RECORD_FOLDER, name);
    if (sheet !== undefined) await writeAside(out, path, sheet);
    else await rm(join(out, path), { force: true });
    return sheet === undefined ? undefined : join(out, path);
  };
  return {
    total,
    aligned: aligned.length,
    kept,
    removed,
    several: aligned.flatMap(({ path, faces = 0 }) => (faces > 1 ? [{ path, faces }] : [])),
    withoutFace: leftOut.map(({ path }) => path),
    inNoFolder: aligned.filter(({ path }) => !path.includes('/')).length,
    unmatched,
    problems,
    files: {
      record: record.file,
      leftOut: list,
      sheet: await place('sheet.png', sheets.crops),
      leftOutSheet: await place('left-out.png', sheets.leftOut),
    },
  };
}
