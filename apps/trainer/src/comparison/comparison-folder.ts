import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { RunFolderError } from '../errors.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { isThere } from '../run/is-there.ts';
import { readKept } from '../run/json-file.ts';
import { RUN_FILES } from '../run/run-folder.ts';
import { checkConfig } from '../settings/check-config.ts';
import { configWithLossFiles } from '../settings/loss-files.ts';
import type { Cell, Comparison } from './comparison.ts';
import { variantName } from './comparison-file.ts';

/** Names of the files of a comparison, beside the run folders of its trainings. */
export const COMPARISON_FILES = {
  /** What is compared: seeds, and every setting of every variant. */
  comparison: 'comparison.json',
  /** What became of each training. */
  cells: 'cells.json',
  /** All figures. */
  results: 'results.json',
  table: 'table.md',
  report: 'report.html',
} as const;

/** How a training of a comparison ended. */
export interface CellEnd {
  readonly status: 'done' | 'diverged' | 'failed' | 'interrupted';
  /** Of all its pieces, start and scores included. */
  readonly seconds: number;
  /** Most memory that its process held, in bytes; null where nobody knows. */
  readonly peakMemory: number | null;
  /** What went wrong, in a line. */
  readonly message?: string;
}

/** By the names of the cells. */
export type CellEnds = Readonly<Record<string, CellEnd>>;

const ENDS = z.record(
  z.string(),
  z.object({
    status: z.enum(['done', 'diverged', 'failed', 'interrupted']),
    seconds: z.number(),
    peakMemory: z.number().nullable(),
    message: z.string().exactOptional(),
  }),
);

const FORMAT = 'cf-comparison-1';

const COMPARISON = z
  .object({
    format: z.literal(FORMAT),
    seeds: z.array(z.int()).min(1),
    baseline: z.string(),
    variants: z.array(z.object({ name: z.string(), config: z.unknown() })),
  })
  .refine(({ baseline, variants }) => variants.some(({ name }) => name === baseline), {
    path: ['baseline'],
    message: 'not the name of a variant',
  });

/** Whether a folder has a comparison. */
export function hasComparison(folder: string): Promise<boolean> {
  return stat(join(folder, COMPARISON_FILES.comparison)).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** @throws OutputError */
export function writeComparison(folder: string, comparison: Comparison): Promise<void> {
  return writeJson(folder, 'comparison', { format: FORMAT, ...comparison });
}

/** @throws RunFolderError if the folder has none, or it can't be read; as `checkConfig` for its settings */
export async function readComparison(folder: string): Promise<Comparison> {
  const path = join(folder, COMPARISON_FILES.comparison);
  if (!(await hasComparison(folder)))
    throw new RunFolderError(
      `'${folder}', which has no ${COMPARISON_FILES.comparison}`,
      'the folder of a comparison',
      'give the folder that was named as --out of cf compare.',
    );
  const { seeds, baseline, variants } = await readKept(path, {
    schema: COMPARISON,
    expected: `a comparison of format ${FORMAT}`,
    fix: 'put it back as it was, or begin anew with another --out.',
  });
  return {
    seeds,
    baseline,
    variants: await Promise.all(
      variants.map(async ({ name, config }) => ({
        name: variantName(name),
        config: checkConfig(await configWithLossFiles(config)),
      })),
    ),
  };
}

/** @throws OutputError */
export function writeCellEnds(folder: string, ends: CellEnds): Promise<void> {
  return writeJson(folder, 'cells', ends);
}

/** What became of the trainings so far. @throws RunFolderError */
export async function readCellEnds(folder: string): Promise<CellEnds> {
  const path = join(folder, COMPARISON_FILES.cells);
  if (!(await isThere(path))) return {};
  return readKept(path, {
    schema: ENDS,
    expected: 'what became of the trainings, as cf compare writes it',
    fix: 'put it back as it was; or remove it, and every training is gone through again.',
  });
}

/**
 * Makes the run folder of a cell, as `cf train --resume` takes it before its first step. What another cell has found by
 * looking at all pictures is handed on, and its features; both name their pictures, so that a training on others does not
 * take them.
 *
 * @throws OutputError
 */
export async function makeCellFolder(cell: Cell, others: readonly Cell[]): Promise<void> {
  const { folder, config } = cell;
  await mkdir(folder, { recursive: true });
  await handOn('alike', others, folder);
  await handOn('features', withSameFeatures(cell, others), folder);
  await atomicWrite(join(folder, RUN_FILES.config), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** A seed may draw its people, and holds out its own: those of this one come first. */
function withSameFeatures({ seed, config }: Cell, others: readonly Cell[]): readonly Cell[] {
  if (config.train !== 'embedding') return [];
  const same = others.filter(
    (other) =>
      other.config.train === 'embedding' && isDeepStrictEqual(other.config.features, config.features),
  );
  return same.sort((a, b) => Number(b.seed === seed) - Number(a.seed === seed));
}

async function handOn(name: 'alike' | 'features', from: readonly Cell[], folder: string): Promise<void> {
  const found = await firstThere(from.map((other) => join(other.folder, RUN_FILES[name])));
  if (found !== undefined) await atomicWrite(join(folder, RUN_FILES[name]), await readFile(found));
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isThere(path)) return path;
  return undefined;
}

export function writeJson(folder: string, name: keyof typeof COMPARISON_FILES, value: object): Promise<void> {
  return writeText(folder, name, `${JSON.stringify(value, undefined, 2)}\n`);
}

export function writeText(folder: string, name: keyof typeof COMPARISON_FILES, text: string): Promise<void> {
  return atomicWrite(join(folder, COMPARISON_FILES[name]), text);
}
