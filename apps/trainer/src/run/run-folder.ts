import { access, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '@cf/core';
import { makeFolder } from '@cf/data/node';
import { RunFolderError } from '../errors.ts';
import { atomicWrite, isAside } from './atomic-write.ts';
import { isLock, lockRun } from './run-lock.ts';

/** Names of the files of a run. */
export const RUN_FILES = {
  config: 'config.json',
  environment: 'environment.json',
  metrics: 'metrics.jsonl',
  /** Where labels were exchanged on purpose: of which pictures. */
  exchanged: 'exchanged-labels.jsonl',
  /** Pictures that are scored and trained on, so that a resume need not search for them. */
  alike: 'scored-and-trained.json',
  /** What `cf data suspects` writes. */
  suspects: 'suspects.jsonl',
  features: 'features.safetensors',
  checkpoint: 'checkpoint.safetensors',
  /** The one whose scores on the way were best. */
  best: 'checkpoint-best.safetensors',
  /** Scores on the way. */
  validation: 'validation.jsonl',
  network: 'model.onnx',
  /** What runs of an embedding were left with before it was a network of ONNX. */
  earlierModel: 'model.safetensors',
  layers: 'model.json',
  layersWeights: 'model.weights.bin',
  results: 'results.json',
  /** The trained model's scores of all pairs. */
  pairScores: 'pair-scores.json',
  report: 'report.html',
} as const;

/** Where one training keeps everything it writes. */
export interface RunFolder {
  readonly path: string;
  file(name: keyof typeof RUN_FILES): string;
  /** Whether the file is there. */
  has(name: keyof typeof RUN_FILES): Promise<boolean>;
  writeText(name: keyof typeof RUN_FILES, text: string): Promise<void>;
  /** Where this process holds the run: that it still does. @throws RunFolderError */
  readonly requireHeld?: () => Promise<void>;
  /** Of a rank that only works: the run, of which this folder is no part. */
  readonly ofFirst?: RunFolder;
  /** Lets other processes write to it. */
  readonly release?: () => Promise<void>;
}

/** A run that this process alone writes to, until it is released. @throws RunFolderError, OutputError as of `lockRun` */
export async function holdRun(run: RunFolder, say: (line: string) => void): Promise<RunFolder> {
  const lock = await lockRun(run.path, say);
  return { ...run, requireHeld: lock.require, release: lock.release };
}

/** A folder with the names of a run. */
export function runFolder(path: string): RunFolder {
  const file = (name: keyof typeof RUN_FILES): string => join(path, RUN_FILES[name]);
  return {
    path,
    file,
    has: (name) =>
      access(file(name)).then(
        () => true,
        () => false,
      ),
    writeText: (name, text) => atomicWrite(file(name), text),
  };
}

/**
 * A new run folder that this process holds. An existing one with anything in it is left alone.
 *
 * @throws RunFolderError; OutputError where no lock can be written
 */
export async function createHeldRun(path: string, say: (line: string) => void): Promise<RunFolder> {
  const run = await holdRun(await createRunFolder(path), say);
  try {
    // Another process may have come, and gone, between.
    await createRunFolder(path);
    return run;
  } catch (error) {
    await run.release?.();
    throw error;
  }
}

/**
 * A new run folder. An existing one with anything in it is left alone.
 *
 * @throws RunFolderError
 */
export async function createRunFolder(path: string): Promise<RunFolder> {
  return openedEmpty(path, async () => {
    await makeFolder(path);
    await requireEmpty(path);
    return runFolder(path);
  });
}

/** That a path is nothing yet, or an empty folder. Nothing is made. @throws RunFolderError */
export async function requireNewFolder(path: string): Promise<void> {
  await openedEmpty(path, () =>
    requireEmpty(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    }),
  );
}

async function requireEmpty(path: string): Promise<void> {
  const entries = (await readdir(path)).filter((name) => !isLock(name) && !isAside(name));
  if (entries.length === 0) return;
  throw new RunFolderError(
    `'${path}', which holds ${entries.length} ${entries.length === 1 ? 'file' : 'files'}`,
    'a new or empty folder',
    'choose another --out, or continue that run with --resume.',
  );
}

async function openedEmpty<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof RunFolderError) throw cause;
    throw new RunFolderError(
      `'${path}', which can't be made (${reasonOf(cause)})`,
      'a folder to write to',
      'check the path and its permissions.',
      cause,
    );
  }
}

/**
 * Takes away what a new run has written before anything was trained, and its folder. Where there are metrics of a step, or
 * features that took their time, all stays.
 */
export async function dropUntrained(run: RunFolder): Promise<void> {
  const size = async (name: keyof typeof RUN_FILES): Promise<number> =>
    (await stat(run.file(name)).catch(() => undefined))?.size ?? 0;
  if ((await size('metrics')) > 0 || (await size('features')) > 0) return;
  const names = Object.keys(RUN_FILES) as (keyof typeof RUN_FILES)[];
  for (const name of names) await rm(run.file(name), { force: true });
  await run.release?.();
  // What somebody else has put there stays, and the folder with it.
  await rmdir(run.path).catch(() => {});
}

/** A run folder that a training left. @throws RunFolderError if it has no config */
export async function openRunFolder(path: string): Promise<RunFolder> {
  const run = runFolder(path);
  if (await run.has('config')) return run;
  throw new RunFolderError(
    `'${path}', which has no ${RUN_FILES.config}`,
    'the folder of a run',
    'give the folder that was named as --out.',
  );
}

/** A run has come to no checkpoint yet. */
export function noCheckpoint({ path }: RunFolder): RunFolderError {
  return new RunFolderError(
    `'${path}', which has no ${RUN_FILES.checkpoint}`,
    'a run that has been trained for an epoch at least',
    `train it first: cf train --resume ${path}`,
  );
}

/** A run has no model yet. @param expected such as `a run with model.onnx` */
export function unfinishedRun({ path }: RunFolder, expected: string): RunFolderError {
  return new RunFolderError(
    `'${path}', whose training is not finished`,
    expected,
    `finish it with: cf train --resume ${path}`,
  );
}
