import { cmcChart, detChart, htmlReport, type Interval, type ReportChart, type ReportTable } from '@cf/eval';
import { accuracyNote, accuracyText, thresholdText } from '../report/result-text.ts';
import { scoreCharts } from '../report/score-charts.ts';
import type { Evaluation, ScoredModel } from './evaluate.ts';
import { differenceText, intervalText, pText } from './evaluation-text.ts';

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
  return [...ofPairs, { label: label('rank 1'), value: rank1.toFixed(4), note: `${mated} searches` }];
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
      xTitle: 'false positive identification rate (FPIR)',
      yTitle: 'false negative identification rate (FNIR)',
    }),
    caption: 'Known people who are missed, over strangers who are taken for somebody.',
  };
  return [cmc, det];
}

function tarTables(models: readonly ScoredModel[]): ReportTable[] {
  return models.flatMap(({ name, pairs, intervals }) =>
    pairs === undefined
      ? []
      : [
          {
            title: models.length === 1 ? 'TAR at FAR' : `TAR at FAR: ${name}`,
            columns: ['FAR', 'TAR', 'interval', 'threshold'],
            rows: pairs.report.tarAtFar.map(({ far, tar, threshold, status }, n) => {
              const interval = intervals?.tarAtFar[n]?.interval;
              return [
                far,
                tar === null ? status : tar.toFixed(4),
                interval == null ? null : intervalText(interval, 4),
                threshold === null ? null : thresholdText(threshold),
              ];
            }),
          },
        ],
  );
}

function searchTables(models: readonly ScoredModel[]): ReportTable[] {
  return models.flatMap(({ name, identification }) =>
    identification === undefined
      ? []
      : [
          {
            title: models.length === 1 ? 'FNIR at FPIR' : `FNIR at FPIR: ${name}`,
            columns: ['FPIR', 'FNIR', 'threshold'],
            rows: identification.report.fnirAtFpir.map(({ fpir, fnir, threshold, status }) => [
              fpir,
              fnir === null ? status : fnir.toFixed(4),
              threshold === null ? null : thresholdText(threshold),
            ]),
          },
        ],
  );
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
