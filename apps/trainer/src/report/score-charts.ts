import { detChart, type ReportChart, rocChart, scoreHistogram } from '@cf/eval/charts';
import type { NamedResult } from './score-model.ts';

/** The ROC of all results, and the scores of the first. @param first what a reader calls that one */
export async function scoreCharts(
  results: readonly NamedResult[],
  first: string,
): Promise<readonly ReportChart[]> {
  const { genuine, impostor, threshold } = results[0]!.result;
  const series = results.map((one) => ({ name: one.name, roc: one.result.report.roc }));
  return [
    {
      title: 'ROC',
      svg: await rocChart({ title: 'ROC', series }),
      caption: 'True accept rate over false accept rate, on the scored pairs.',
    },
    {
      title: 'DET',
      svg: await detChart({ title: 'DET', series }),
      caption: 'False reject rate over false accept rate: where good models differ.',
    },
    {
      title: 'Scores',
      svg: await scoreHistogram({ title: `Scores of ${first}`, genuine, impostor, threshold }),
    },
  ];
}
