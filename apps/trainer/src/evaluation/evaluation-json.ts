import { resultsAsJson } from '../report/score-model.ts';
import type { Evaluation, ScoredModel } from './evaluate.ts';

/**
 * What came of an evaluation, for programs: of one model an object of its own, of several `models` and `comparisons`.
 *
 * @param problems pictures, folders and pairs with something wrong
 */
export function evaluationJson({ models, comparisons, unscored }: Evaluation, problems: number): object {
  const told = { problems, unscoredPairs: unscored };
  if (models.length === 1) return { ...modelJson(models[0]!), ...told };
  return {
    models: models.map(modelJson),
    comparisons: comparisons.map((one) => ({
      ...one,
      first: models[one.first]!.name,
      second: models[one.second]!.name,
    })),
    ...told,
  };
}

function modelJson({ name, pairs, intervals, identification }: ScoredModel): object {
  const scored = pairs === undefined ? { name } : resultsAsJson([{ name, result: pairs }])[0];
  if (identification === undefined) return { ...scored, ...(intervals && { intervals }) };
  const { roc: _roc, ...report } = identification.report;
  return {
    ...scored,
    ...(intervals && { intervals }),
    identification: {
      identities: identification.identities,
      ...report,
      ...(identification.intervals && { intervals: identification.intervals }),
    },
  };
}
