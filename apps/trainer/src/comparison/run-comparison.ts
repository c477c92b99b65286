import { join } from 'node:path';
import { RunFolderError } from '../errors.ts';
import { formatSeconds, withProgress } from '../report/progress.ts';
import type { RunEvent } from '../run/events.ts';
import { isThere } from '../run/is-there.ts';
import { type PairScores, readPairScores } from '../run/pair-scores.ts';
import { openRunFolder, RUN_FILES } from '../run/run-folder.ts';
import { readConfig } from '../settings/check-config.ts';
import { type CellResult, readCellResult } from './cell-figures.ts';
import { type Cell, type Comparison, cellsOf } from './comparison.ts';
import { type CellEnd, makeCellFolder, readCellEnds, writeCellEnds } from './comparison-folder.ts';
import { type ComparisonTable, comparisonTable, type KnownCell, knownCells } from './comparison-table.ts';
import { memoryText } from './comparison-text.ts';
import { type PairTests, pairTests, RESAMPLES } from './pair-tests.ts';
import { differences } from './resolve-comparison.ts';
import type { CellRunner } from './run-cell.ts';

/** What happens in a comparison. */
export type ComparisonEvent =
  | { readonly event: 'cell-start'; readonly variant: string; readonly seed: number; readonly run: string }
  | ({ readonly variant: string; readonly seed: number } & RunEvent)
  | ({ readonly event: 'cell'; readonly variant: string; readonly seed: number } & CellEnd &
      Partial<CellResult['figures']>);

/** How a comparison is run. */
export interface ComparisonRun {
  readonly folder: string;
  readonly runCell: CellRunner;
  /** Stops after the current step of the current training. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly onEvent?: ((event: ComparisonEvent) => void) | undefined;
  /** Keeps table and page, after each training and at the end; there are tests over pairs at the end alone. */
  readonly write: (table: ComparisonTable, known: readonly KnownCell[], tests?: PairTests) => Promise<void>;
  /** That the folder is still this process's. */
  readonly requireHeld: () => Promise<void>;
}

/** What a comparison came to. */
export interface ComparisonOutcome {
  readonly table: ComparisonTable;
  /** Undefined where it was interrupted, and where no run kept its scores. */
  readonly tests: PairTests | undefined;
  readonly interrupted: boolean;
  readonly ends: Readonly<Record<string, CellEnd>>;
}

/**
 * Trains what is not done yet. A training that diverges or fails is told in the table, and the others go on.
 *
 * @throws RunFolderError if a cell's configuration is not the comparison's, or the folder was taken away; OutputError
 */
export async function runComparison(
  comparison: Comparison,
  { folder, runCell, signal, say, onEvent, write, requireHeld }: ComparisonRun,
): Promise<ComparisonOutcome> {
  const cells = cellsOf(comparison, folder);
  const ends: Record<string, CellEnd> = { ...(await readCellEnds(folder)) };
  const results = new Map<string, CellResult>();
  const read = async (cell: Cell): Promise<CellResult> => {
    const found = results.get(cell.name) ?? (await readCellResult(cell));
    results.set(cell.name, found);
    return found;
  };
  for (const cell of cells) await requireOwnConfig(cell);
  const left = cells.filter(({ name }) => isToDo(ends[name]));
  if (left.length < cells.length)
    say(`${cells.length - left.length} of ${cells.length} trainings are done already`);
  for (const [at, cell] of left.entries()) {
    if (signal.aborted) break;
    const { variant, seed, name } = cell;
    say(`${variant}, seed ${seed}: training ${at + 1} of ${left.length}`);
    onEvent?.({ event: 'cell-start', variant, seed, run: cell.folder });
    if (!(await isThere(join(cell.folder, RUN_FILES.config)))) await makeCellFolder(cell, cells);
    const end = await runCell(cell, { signal, onEvent: (event) => onEvent?.({ variant, seed, ...event }) });
    await requireHeld();
    ends[name] = withBefore(end, ends[name]);
    await writeCellEnds(folder, ends);
    const result = end.status === 'done' ? await read(cell) : undefined;
    onEvent?.({ event: 'cell', variant, seed, ...ends[name], ...result?.figures });
    say(cellText(cell, ends[name], result));
    if (end.status === 'interrupted') break;
    const known = await knownCells(comparison, folder, ends, read);
    await write(comparisonTable(comparison, known), known);
  }
  const known = await knownCells(comparison, folder, ends, read);
  const table = comparisonTable(comparison, known);
  await write(table, known);
  // A signal may have been sent to the training alone.
  const isStopped = signal.aborted || cells.some(({ name }) => ends[name]?.status === 'interrupted');
  if (isStopped) return { table, tests: undefined, interrupted: true, ends };
  const scoresOf = async (cell: Cell): Promise<PairScores | undefined> =>
    readPairScores(await openRunFolder(cell.folder));
  const tests = await withProgress('scored pairs', RESAMPLES, 'resamples', (onResample) =>
    pairTests(comparison, known, scoresOf, { signal, onResample }),
  ).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (tests !== undefined) await write(table, known, tests);
  return { table, tests, interrupted: signal.aborted, ends };
}

/** What is not done yet; a training that diverged would diverge again. */
export function isToDo(end: CellEnd | undefined): boolean {
  return end?.status !== 'done' && end?.status !== 'diverged';
}

/** The pieces of a training that was interrupted count together. */
function withBefore(end: CellEnd, before: CellEnd | undefined): CellEnd {
  if (before === undefined) return end;
  const memory = [end.peakMemory, before.peakMemory].filter((one) => one !== null);
  return {
    ...end,
    seconds: end.seconds + before.seconds,
    peakMemory: memory.length === 0 ? null : Math.max(...memory),
  };
}

/** @throws RunFolderError */
async function requireOwnConfig({ name, folder, config }: Cell): Promise<void> {
  const path = join(folder, RUN_FILES.config);
  if (!(await isThere(path))) return;
  const told = differences(config, await readConfig(path));
  if (told.length === 0) return;
  throw new RunFolderError(
    `'${path}', which is not what the comparison says of ${name}: ${told.join(', ')}`,
    'the configuration that the comparison made',
    'put it back as it was, or remove the folder: the training is then done anew.',
  );
}

function cellText({ variant, seed }: Cell, end: CellEnd, result: CellResult | undefined): string {
  const cost = [formatSeconds(end.seconds), ...(end.peakMemory === null ? [] : [memoryText(end.peakMemory)])];
  if (result === undefined)
    return `${variant}, seed ${seed}: ${end.status}${end.message ? ` (${end.message})` : ''}`;
  const { accuracy, auc } = result.figures;
  return `${variant}, seed ${seed}: accuracy ${accuracy.toFixed(4)}, AUC ${auc.toFixed(4)}, ${cost.join(', ')}`;
}
