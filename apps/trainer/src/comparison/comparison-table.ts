import { meanOf } from '@cf/core';
import { holmAdjusted, type PairedDifference, pairedDifference, sampleDeviation } from '@cf/eval';
import type { CellFigures, CellResult } from './cell-figures.ts';
import { type Cell, type Comparison, cellsOf } from './comparison.ts';
import type { CellEnd, CellEnds } from './comparison-folder.ts';

/** The scores that are tested. */
export const SCORES = ['accuracy', 'auc', 'eer'] as const;
export type Score = (typeof SCORES)[number];

/** Mean and standard deviation (n − 1) over the seeds that are done. */
export interface Spread {
  readonly mean: number;
  /** Null with one seed. */
  readonly std: number | null;
}

/** A variant beside the baseline, over the seeds that both have. */
export interface TestedDifference extends PairedDifference {
  /** p of the t test, adjusted by Holm's method for the number of variants. */
  readonly adjustedP: number | null;
}

/** A line of the table; what no training has told yet is null. */
export interface VariantRow {
  readonly name: string;
  readonly done: number;
  /** Trainings that failed or diverged. */
  readonly failed: readonly { readonly seed: number; readonly status: string; readonly message: string }[];
  readonly scores: Readonly<Record<Score, Spread>> | null;
  /** Undefined for the baseline. */
  readonly against?: Readonly<Record<Score, TestedDifference>> | undefined;
  readonly loss: number | null;
  readonly meanTargetCosine: number | null;
  /** Mean seconds of a training: with start and scores, and of its steps alone. */
  readonly seconds: number | null;
  readonly trainingSeconds: number | null;
  /** Most of a training's process, in bytes. */
  readonly peakMemory: number | null;
}

/** A cell with what is known of it. */
export interface KnownCell {
  readonly cell: Cell;
  readonly end: CellEnd | undefined;
  readonly result: CellResult | undefined;
}

export interface ComparisonTable {
  readonly baseline: string;
  readonly seeds: readonly number[];
  readonly rows: readonly VariantRow[];
  /** Seeds with which the variants did not begin alike: they saw other pictures, pairs or first weights. */
  readonly unequalStarts: readonly { readonly seed: number; readonly variant: string }[];
}

/** The table of what is done so far. */
export function comparisonTable(comparison: Comparison, known: readonly KnownCell[]): ComparisonTable {
  const { baseline, seeds, variants } = comparison;
  const of = (name: string): readonly KnownCell[] => known.filter(({ cell }) => cell.variant === name);
  const base = of(baseline);
  const others = variants.map(({ name }) => name).filter((name) => name !== baseline);
  const tested = new Map(SCORES.map((score) => [score, testsOf(score, others.map(of), base)]));
  return {
    baseline,
    seeds,
    rows: variants.map(({ name }) => {
      const at = others.indexOf(name);
      const against = SCORES.map((score) => [score, tested.get(score)![at]] as const);
      return {
        ...rowOf(name, of(name)),
        ...(at < 0 ? {} : { against: Object.fromEntries(against) as VariantRow['against'] }),
      };
    }),
    unequalStarts: unequalStarts(comparison, known),
  };
}

function rowOf(name: string, cells: readonly KnownCell[]): VariantRow {
  const done = cells.flatMap(({ result }) => (result === undefined ? [] : [result.figures]));
  const ends = cells.flatMap(({ end, result }) => (end === undefined || result === undefined ? [] : [end]));
  const mean = (values: readonly (number | null)[]): number | null =>
    values.length === 0 || values.includes(null) ? null : meanOf(values as number[]);
  const memory = ends.flatMap(({ peakMemory }) => (peakMemory === null ? [] : [peakMemory]));
  return {
    name,
    done: done.length,
    failed: cells.flatMap(({ cell: { seed }, end }) =>
      end?.status === 'failed' || end?.status === 'diverged'
        ? [{ seed, status: end.status, message: end.message ?? '' }]
        : [],
    ),
    scores:
      done.length === 0
        ? null
        : (Object.fromEntries(SCORES.map((score) => [score, spreadOf(done, score)])) as VariantRow['scores']),
    loss: mean(done.map(({ loss }) => loss)),
    meanTargetCosine: mean(done.map(({ meanTargetCosine }) => meanTargetCosine)),
    seconds: mean(ends.map(({ seconds }) => seconds)),
    trainingSeconds: mean(done.map(({ trainingSeconds }) => trainingSeconds)),
    peakMemory: memory.length === 0 ? null : Math.max(...memory),
  };
}

function spreadOf(done: readonly CellFigures[], score: Score): Spread {
  const values = done.map((figures) => figures[score]);
  return { mean: meanOf(values), std: values.length < 2 ? null : sampleDeviation(values) };
}

function testsOf(
  score: Score,
  variants: readonly (readonly KnownCell[])[],
  base: readonly KnownCell[],
): readonly TestedDifference[] {
  const bySeed = new Map(base.map(({ cell, result }) => [cell.seed, result?.figures[score]]));
  const found = variants.map((cells) =>
    pairedDifference(
      cells.flatMap(({ cell, result }) => {
        const other = bySeed.get(cell.seed);
        return result === undefined || other === undefined ? [] : [result.figures[score] - other];
      }),
    ),
  );
  const adjusted = holmAdjusted(found.map(({ p }) => p));
  return found.map((one, i) => ({ ...one, adjustedP: adjusted[i]! }));
}

/**
 * The first step sees the first weights, class centers and pictures as they are, and no loss has moved them yet: with all
 * else equal its mean target cosine is the same for every variant of a seed, to the last bit.
 */
function unequalStarts(
  { baseline }: Comparison,
  known: readonly KnownCell[],
): ComparisonTable['unequalStarts'] {
  const first = ({ result }: KnownCell): number | null => result?.metrics[0]?.meanTargetCosine ?? null;
  const base = new Map(
    known.filter(({ cell }) => cell.variant === baseline).map((one) => [one.cell.seed, first(one)]),
  );
  return known.flatMap((one) => {
    const { seed, variant } = one.cell;
    const [own, other] = [first(one), base.get(seed) ?? null];
    return own === null || other === null || own === other ? [] : [{ seed, variant }];
  });
}

/** Cells with what is known of them, in the order in which they are trained. */
export async function knownCells(
  comparison: Comparison,
  out: string,
  ends: CellEnds,
  read: (cell: Cell) => Promise<CellResult>,
): Promise<readonly KnownCell[]> {
  const all: KnownCell[] = [];
  for (const cell of cellsOf(comparison, out)) {
    const end = ends[cell.name];
    all.push({ cell, end, result: end?.status === 'done' ? await read(cell) : undefined });
  }
  return all;
}
