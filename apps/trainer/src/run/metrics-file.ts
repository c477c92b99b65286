import { type FileHandle, open } from 'node:fs/promises';
import { reasonOf } from '@cf/core';
import { OutputError, RunFolderError } from '../errors.ts';
import { readRegular } from '../settings/read-given.ts';
import { atomicWrite } from './atomic-write.ts';
import type { RunFolder } from './run-folder.ts';

/** Appends JSON lines. */
export interface MetricsLog {
  append(records: readonly object[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens the metrics of a run for more lines. @throws OutputError, also of its methods */
export async function openMetrics(run: RunFolder): Promise<MetricsLog> {
  const path = run.file('metrics');
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw new OutputError(path, cause);
    }
  };
  const handle: FileHandle = await told(() => open(path, 'a'));
  return {
    // Synced, so that a checkpoint written afterwards is never ahead of the metrics on disk.
    append: (records) =>
      told(async () => {
        await handle.appendFile(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
        await handle.sync();
      }),
    close: () => handle.close(),
  };
}

/**
 * The records of a run's metrics up to a step; none where there is no file yet. A last line that a crash cut short is
 * left out.
 *
 * @throws RunFolderError if the file can't be read, or another line is no record
 */
export async function readMetrics<Line extends { readonly step: number }>(
  run: RunFolder,
  lastStep: number = Number.POSITIVE_INFINITY,
): Promise<Line[]> {
  const path = run.file('metrics');
  let text: string;
  try {
    text = await readRegular(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const fix = 'check its permissions, or move it away to go on without it.';
    throw new RunFolderError(`'${path}' (${reasonOf(cause)})`, 'metrics that can be read', fix, cause);
  }
  const lines = text.trimEnd().split('\n');
  const records: Line[] = [];
  for (const [at, line] of lines.entries()) {
    if (line === '') continue;
    const record = parseRecord<Line>(line);
    if (record === undefined) {
      if (at === lines.length - 1) break;
      const fix = 'mend or delete the line; every other one is kept.';
      throw new RunFolderError(`line ${at + 1} of '${path}'`, 'a JSON object with a step', fix);
    }
    if (record.step <= lastStep) records.push(record);
  }
  return records;
}

function parseRecord<Line extends { readonly step: number }>(line: string): Line | undefined {
  try {
    const record = JSON.parse(line) as Line | null;
    return typeof record?.step === 'number' ? record : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Drops what a killed run wrote after its last checkpoint.
 *
 * @throws RunFolderError as of {@link readMetrics}, OutputError; the file is as it was
 */
export async function trimMetrics(run: RunFolder, lastStep: number): Promise<void> {
  const kept = await readMetrics(run, lastStep);
  await atomicWrite(run.file('metrics'), kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
}
