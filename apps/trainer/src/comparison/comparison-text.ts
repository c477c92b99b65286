import { studentQuantile } from '@cf/eval';
import { pText, signedText } from '../report/number-text.ts';
import { formatSeconds } from '../report/progress.ts';
import { markdownTable, type TextTable } from '../report/text-table.ts';
import type { ComparisonTable, Score, Spread, TestedDifference, VariantRow } from './comparison-table.ts';
import type { PairDifference, PairTests } from './pair-tests.ts';

const NOTHING = '–';

/** Scores, what they differ by, and what they cost. */
export function textTable({ baseline, rows, seeds }: ComparisonTable): TextTable {
  const columns = [
    'variant',
    'accuracy',
    `− ${baseline} (95 %)`,
    'p',
    'AUC',
    `− ${baseline} (95 %)`,
    'p',
    'EER',
    'loss',
    'r',
    'time',
    'memory',
    'trainings',
  ];
  return {
    columns,
    rows: rows.map((row) => [
      row.name,
      ...scoreCells(row, 'accuracy'),
      ...scoreCells(row, 'auc'),
      spreadText(row.scores?.eer),
      row.loss?.toFixed(3) ?? NOTHING,
      row.meanTargetCosine?.toFixed(3) ?? NOTHING,
      row.seconds === null ? NOTHING : formatSeconds(row.seconds),
      memoryText(row.peakMemory),
      statusText(row, seeds.length),
    ]),
  };
}

function scoreCells({ scores, against }: VariantRow, score: Score): readonly string[] {
  const tested = against?.[score];
  return [spreadText(scores?.[score]), differenceText(tested), pText(tested?.p)];
}

export function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return NOTHING;
  return `${spread.mean.toFixed(4)}${spread.std === null ? '' : ` ± ${spread.std.toFixed(4)}`}`;
}

export function differenceText(tested: TestedDifference | undefined): string {
  if (tested === undefined || tested.count === 0) return NOTHING;
  const signed = signedText(tested.mean);
  return tested.halfInterval === null ? signed : `${signed} ± ${tested.halfInterval.toFixed(4)}`;
}

export function memoryText(bytes: number | null): string {
  return bytes === null ? NOTHING : `${Math.round(bytes / 2 ** 20)} MiB`;
}

function statusText({ done, failed }: VariantRow, seeds: number): string {
  return [
    `${done} of ${seeds}`,
    ...failed.map(
      ({ seed, status, message }) => `seed ${seed} ${status}${message === '' ? '' : `: ${message}`}`,
    ),
  ].join('; ');
}

/** The table as Markdown, notes below it. */
export function tableWithNotes(table: TextTable, notes: readonly string[]): string {
  return `${markdownTable(table)}\n\n${notes.map((note) => `- ${note}\n`).join('')}`;
}

/** What a reader of the table has to know. */
export function tableNotes(table: ComparisonTable): readonly string[] {
  const { baseline, seeds, rows, unequalStarts } = table;
  const n = seeds.length;
  const tests = rows.length - 1;
  return [
    'accuracy, AUC and EER of the scored pairs, flipped where flipped ones are scored: mean ± standard deviation (n − 1) over seeds; loss and r are means over the last epoch; time with start and scores, memory the most of a process',
    ...(tests === 0 ? [] : [weaknessText(baseline, n, tests)]),
    ...unequalStarts.map(
      ({ variant, seed }) =>
        `${variant} did not begin as ${baseline} did with seed ${seed}: first weights, pictures or their order differ, so the two are not paired`,
    ),
  ];
}

/** What so many seeds can show. */
function weaknessText(baseline: string, n: number, tests: number): string {
  if (n === 1) return 'one seed: nothing tells a difference from chance; give --seeds 3 or more';
  const needed = (studentQuantile(0.05, n - 1) / Math.sqrt(n)).toFixed(2);
  const least = 2 ** (1 - n);
  const many =
    tests === 1 ? '' : ` for one variant; ${tests} are tested here, and Holm's p in the page counts that`;
  return `p of a paired t test against ${baseline} over ${n} seeds, with ${n - 1} ${n === 2 ? 'degree' : 'degrees'} of freedom, which sees a difference at 0.05 only where it is ${needed} times its own standard deviation${many}; the signed-rank test can't go below ${least} with ${n} seeds. A large p says that there were too few seeds, not that there is no difference`;
}

/** What the scored pairs say of the differences: a sentence a variant. */
export function pairTestNotes(tests: PairTests | undefined): readonly string[] {
  const told = Object.entries(tests?.differences ?? {}).filter(([, { auc }]) => auc !== null);
  if (tests === undefined || told.length === 0) return [];
  return [
    `over the scored pairs, ${tests.unit} drawn anew ${tests.resamples} times: whether these very models, a mean over seeds, would differ on others too, and not whether other trainings would`,
    ...told.map(
      ([name, { accuracy, auc }]) =>
        `${name}: accuracy ${pairDifferenceText(accuracy)}; AUC ${pairDifferenceText(auc)}`,
    ),
  ];
}

/** Such as `+0.0100 [−0.0050, +0.0250], p 0.200`. */
export function pairDifferenceText(found: PairDifference | null): string {
  if (found === null) return NOTHING;
  const { difference, interval, p } = found;
  const ends = interval === null ? '' : ` [${interval.map((end) => signedText(end)).join(', ')}]`;
  return `${signedText(difference)}${ends}, p ${pText(p)}`;
}
