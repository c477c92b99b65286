import { htmlReport, lineChart, type ReportChart, type ReportTable } from '@cf/eval/charts';
import type { StepMetrics } from '@cf/training';
import type { Comparison } from '../comparison/comparison.ts';
import type { ComparisonTable, KnownCell } from '../comparison/comparison-table.ts';
import {
  differenceText,
  memoryText,
  pairDifferenceText,
  tableNotes,
  textTable,
} from '../comparison/comparison-text.ts';
import type { PairTests } from '../comparison/pair-tests.ts';
import { variantDifferences } from '../comparison/resolve-comparison.ts';
import { pText } from './number-text.ts';
import { formatSeconds } from './progress.ts';

/** A curve of each variant over the steps: means over its seeds. */
const CURVES: readonly {
  readonly title: string;
  readonly yTitle: string;
  readonly of: keyof StepMetrics;
  readonly caption: string;
}[] = [
  {
    title: 'Loss',
    yTitle: 'loss',
    of: 'loss',
    caption: 'Mean over seeds. Losses of different names or scales are not comparable with each other.',
  },
  { title: 'r', yTitle: 'mean target cosine', of: 'meanTargetCosine', caption: 'Mean over seeds.' },
  { title: 't', yTitle: 't', of: 't', caption: 'Mean over seeds, of losses that have a t.' },
  {
    title: 'Hard negatives',
    yTitle: 'share of the negatives',
    of: 'hardShare',
    caption: 'Mean over seeds. Hard: cosine above that of the target with its margin.',
  },
  {
    title: 'Emphasised negatives',
    yTitle: 'share of the hard ones',
    of: 'emphasisedShare',
    caption: 'Mean over seeds. Emphasised: weighs more than without the modulation, I > 1 in CurricularFace.',
  },
];

/** A comparison as one HTML page. */
export async function comparisonReport(
  comparison: Comparison,
  table: ComparisonTable,
  known: readonly KnownCell[],
  tests?: PairTests,
): Promise<string> {
  const { variants, seeds, baseline } = comparison;
  const done = known.filter(({ result }) => result !== undefined);
  const seconds = known.reduce((sum, { end }) => sum + (end?.seconds ?? 0), 0);
  const best = table.rows
    .filter(({ scores }) => scores !== null)
    .sort((a, b) => b.scores!.auc.mean - a.scores!.auc.mean)[0];
  return htmlReport({
    title: `Comparison of ${variants.length} ${variants.length === 1 ? 'training' : 'trainings'}`,
    subtitle: `${seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`}; tested against ${baseline}`,
    summary: [
      { label: 'trainings done', value: `${done.length} of ${known.length}` },
      { label: 'time of all', value: formatSeconds(seconds) },
      ...(best === undefined
        ? []
        : [
            {
              label: 'largest mean AUC',
              value: best.scores!.auc.mean.toFixed(4),
              note: `${best.name}; the largest of several is larger than it would be again`,
            },
          ]),
    ],
    charts: [...(await curves(comparison, done)), ...(await scoresOfSeeds(comparison, done))],
    tables: [
      { title: 'Results', ...textTable(table) },
      testTable(table),
      ...(tests === undefined ? [] : [pairTestTable(tests)]),
      { title: 'How to read them', columns: ['what'], rows: tableNotes(table).map((note) => [note]) },
      differenceTable(comparison),
      cellTable(known),
    ],
    config: comparison,
  });
}

async function curves({ variants }: Comparison, done: readonly KnownCell[]): Promise<readonly ReportChart[]> {
  const charts: ReportChart[] = [];
  for (const { title, yTitle, of, caption } of CURVES) {
    const series = variants
      .map(({ name }) => ({ name, points: meanCurve(done, name, of) }))
      .filter(({ points }) => points.length > 0);
    if (series.length === 0) continue;
    charts.push({ title, svg: await lineChart({ title, xTitle: 'step', yTitle, series }), caption });
  }
  return charts;
}

function meanCurve(
  done: readonly KnownCell[],
  variant: string,
  of: keyof StepMetrics,
): { readonly x: number; readonly y: number }[] {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { cell, result } of done) {
    if (cell.variant !== variant) continue;
    for (const metrics of result!.metrics) {
      const value = metrics[of];
      if (typeof value !== 'number') continue;
      const at = sums.get(metrics.step) ?? { sum: 0, count: 0 };
      sums.set(metrics.step, { sum: at.sum + value, count: at.count + 1 });
    }
  }
  return [...sums].map(([x, { sum, count }]) => ({ x, y: sum / count })).sort((a, b) => a.x - b.x);
}

/** A line a variant over the seeds: where lines do not cross, the seeds agree. */
async function scoresOfSeeds(
  { variants, seeds }: Comparison,
  done: readonly KnownCell[],
): Promise<readonly ReportChart[]> {
  if (done.length === 0) return [];
  const title = 'AUC of each seed';
  const series = variants
    .map(({ name }) => ({
      name,
      points: done
        .filter(({ cell }) => cell.variant === name)
        .map(({ cell, result }) => ({ x: seeds.indexOf(cell.seed) + 1, y: result!.figures.auc })),
    }))
    .filter(({ points }) => points.length > 0);
  const svg = await lineChart({ title, xTitle: 'seed, by its place in the list', yTitle: 'AUC', series });
  return [
    { title, svg, caption: 'Each seed gives all variants the same pictures, order and first weights.' },
  ];
}

function testTable({ rows, baseline }: ComparisonTable): ReportTable {
  const tested = rows.filter(({ against }) => against !== undefined);
  return {
    title: `Differences from ${baseline}, over the seeds of both`,
    columns: [
      'variant',
      'score',
      'seeds',
      'difference (95 %)',
      'p, paired t',
      'p, by Holm',
      'p, signed rank',
    ],
    rows: tested.flatMap(({ name, against }) =>
      Object.entries(against!).map(([score, one]) => [
        name,
        score,
        String(one.count),
        differenceText(one),
        pText(one.p),
        pText(one.adjustedP),
        one.count === 0 ? '–' : pText(one.wilcoxon),
      ]),
    ),
  };
}

function pairTestTable({ differences, unit, resamples }: PairTests): ReportTable {
  return {
    title: `Differences over the scored pairs: ${unit} drawn anew ${resamples} times`,
    columns: ['variant', 'accuracy', 'AUC', 'EER'],
    rows: Object.entries(differences).map(([name, { accuracy, auc, eer }]) => [
      name,
      ...[accuracy, auc, eer].map(pairDifferenceText),
    ]),
  };
}

function differenceTable(comparison: Comparison): ReportTable {
  const rows = [...variantDifferences(comparison)].map(([name, told]) => [
    name,
    told.join(', ') || 'nothing',
  ]);
  return {
    title: `In what the variants are not ${comparison.baseline}`,
    columns: ['variant', 'settings'],
    rows: [[comparison.baseline, '(tested against)'], ...rows],
  };
}

function cellTable(known: readonly KnownCell[]): ReportTable {
  return {
    title: 'Trainings',
    columns: ['run', 'status', 'accuracy', 'AUC', 'time', 'of its steps', 'memory'],
    rows: known.map(({ cell, end, result }) => [
      cell.name,
      end === undefined ? 'not yet' : `${end.status}${end.message ? `: ${end.message}` : ''}`,
      result?.figures.accuracy.toFixed(4) ?? null,
      result?.figures.auc.toFixed(4) ?? null,
      end === undefined ? null : formatSeconds(end.seconds),
      result === undefined ? null : formatSeconds(result.figures.trainingSeconds),
      memoryText(end?.peakMemory ?? null),
    ]),
  };
}
