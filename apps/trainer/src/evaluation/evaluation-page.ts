import type { Interval } from '@cf/eval';
import { cmcChart, detChart, htmlReport, type ReportChart, type ReportTable } from '@cf/eval/charts';
import { pText } from '../report/number-text.ts';
import { accuracyNote, accuracyText, thresholdText } from '../report/result-text.ts';
import { scoreCharts } from '../report/score-charts.ts';
import type { Evaluation, ScoredModel } from './evaluate.ts';
import { differenceText, intervalText } from './evaluation-text.ts';

/** The page of an evaluation. @param scored on what, in words @param config the flags */
export async function evaluationPage(
  evaluation: Evaluation,
  scored: string,
  config: object,
): Promise<string> {
  const { models } = evaluation;
  const names = models.map(({ name }) => name).join(', ');
  const title = models[0]!.pairs === undefined ? 'Identification' : 'Verification';
  return htmlReport({
    title: `${title} of ${names}`,
    subtitle: scored,
    summary: models.flatMap((model) => summaryOf(model, models.length > 1)),
    charts: [...(await pairCharts(models)), ...(await searchCharts(models))],
    tables: [...tarTables(models), ...searchTables(models), ...comparisonTables(evaluation)],
    config,
  });
}

function summaryOf({ name, pairs, intervals, identification }: ScoredModel, isNamed: boolean) {
  const label = (text: string): string => (isNamed ? `${name}: ${text}` : text);
  const within = (interval: Interval | null | undefined, digits: number) =>
    interval == null ? {} : { note: intervalText(interval, digits) };
  const ofPairs =
    pairs === undefined
      ? []
      : [
          {
            label: label('accuracy'),
            value: accuracyText(pairs),
            note: [accuracyNote(pairs), ...Object.values(within(intervals?.accuracy, 4))].join('; '),
          },
          {
            label: label('area under ROC'),
            value: pairs.report.auc.toFixed(5),
            ...within(intervals?.auc, 5),
          },
          {
            label: label('equal error rate'),
            value: pairs.report.eer.toFixed(4),
            ...within(intervals?.eer, 4),
          },
        ];
  if (identification === undefined) return ofPairs;
  const { rank1, mated } = identification.report;
  const note = [`${mated} searches`, ...Object.values(within(identification.intervals?.rank1, 4))].join('; ');
  return [...ofPairs, { label: label('rank 1'), value: rank1.toFixed(4), note }];
}

async function pairCharts(models: readonly ScoredModel[]): Promise<readonly ReportChart[]> {
  const results = models.flatMap(({ name, pairs }) => (pairs === undefined ? [] : [{ name, result: pairs }]));
  return results.length === 0 ? [] : scoreCharts(results, results[0]!.name);
}

async function searchCharts(models: readonly ScoredModel[]): Promise<readonly ReportChart[]> {
  const found = models.flatMap(({ name, identification }) =>
    identification === undefined ? [] : [{ name, ...identification.report }],
  );
  if (found.length === 0) return [];
  const cmc: ReportChart = {
    title: 'CMC',
    svg: await cmcChart({ title: 'CMC', series: found }),
    caption: 'Share of the searches for known people who are among the first.',
  };
  const open = found.filter(({ roc }) => roc.length > 0);
  if (open.length === 0) return [cmc];
  const det: ReportChart = {
    title: 'Open-set identification',
    svg: await detChart({
      title: 'Open-set identification',
      series: open,
      xTitle: 'false positives (FPIR)',
      yTitle: 'false negatives (FNIR)',
    }),
    caption: 'Known people who are missed, over strangers who are taken for somebody.',
  };
  return [cmc, det];
}

/** One table; of one model with the thresholds. */
function tarTables(models: readonly ScoredModel[]): ReportTable[] {
  const scored = models.flatMap(({ name, pairs, intervals }) =>
    pairs === undefined ? [] : [{ name, points: pairs.report.tarAtFar, intervals: intervals?.tarAtFar }],
  );
  return rateTables('TAR at FAR', 'FAR', scored, ({ points, intervals }) =>
    points.map(({ far, tar, threshold, status }, n) => ({
      rate: far,
      text: tar === null ? status : withInterval(tar, intervals?.[n]?.interval),
      threshold,
    })),
  );
}

function searchTables(models: readonly ScoredModel[]): ReportTable[] {
  const found = models.flatMap(({ name, identification }) =>
    identification === undefined ? [] : [{ name, ...identification }],
  );
  return rateTables('FNIR at FPIR', 'FPIR', found, ({ report, intervals }) =>
    report.fnirAtFpir.map(({ fpir, fnir, threshold, status }, n) => ({
      rate: fpir,
      text: fnir === null ? status : withInterval(fnir, intervals?.fnirAtFpir[n]?.interval),
      threshold,
    })),
  );
}

/** What one model reaches at a rate. */
interface AtRate {
  readonly rate: number;
  readonly text: string;
  readonly threshold: number | null;
}

function rateTables<Model extends { readonly name: string }>(
  title: string,
  rate: string,
  models: readonly Model[],
  pointsOf: (model: Model) => readonly AtRate[],
): ReportTable[] {
  const [only, ...others] = models.map(pointsOf);
  if (only === undefined) return [];
  if (others.length === 0) {
    const columns = [rate, title.split(' ')[0]!, 'threshold'];
    const rows = only.map((at) => [
      at.rate,
      at.text,
      at.threshold === null ? null : thresholdText(at.threshold),
    ]);
    return [{ title, columns, rows }];
  }
  const rows = only.map((at, n) => [at.rate, at.text, ...others.map((points) => points[n]!.text)]);
  return [{ title, columns: [rate, ...models.map(({ name }) => name)], rows }];
}

function withInterval(value: number, interval: Interval | null | undefined): string {
  return interval == null ? value.toFixed(4) : `${value.toFixed(4)} (${intervalText(interval, 4)})`;
}

function comparisonTables({ comparisons, models }: Evaluation): ReportTable[] {
  return comparisons.map(({ first, second, accuracy, auc, eer, tarAtFar, mcnemar }) => ({
    title: `${models[second]!.name} less ${models[first]!.name}`,
    columns: ['figure', 'difference, interval, p'],
    rows: [
      ...(accuracy === null ? [] : [['accuracy', differenceText(accuracy)]]),
      ['area under ROC', differenceText(auc)],
      ['equal error rate', differenceText(eer)],
      ...tarAtFar.flatMap(({ far, difference }) =>
        difference === null ? [] : [[`TAR at FAR ${far.toExponential(0)}`, differenceText(difference)]],
      ),
      [
        'decisions (McNemar, exact)',
        `${mcnemar.onlySecond} pairs only this one has right, ${mcnemar.onlyFirst} only the other, p ${pText(mcnemar.pValue)}`,
      ],
    ],
  }));
}
