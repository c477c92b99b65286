import type { TrainingFit } from '../run/training-fit.ts';
import type { NamedResult } from './score-model.ts';
import type { PairResult } from './score-pairs.ts';

/** Results as a table of text. */
export function resultLines(results: readonly NamedResult[]): string[] {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results.map(
    ({ name, result, fit }) =>
      `${name.padEnd(width)}  accuracy ${accuracyText(result)}  AUC ${result.report.auc.toFixed(4)}  EER ${result.report.eer.toFixed(4)}${fitText(fit)}`,
  );
}

function fitText(fit: TrainingFit | undefined): string {
  if (fit === undefined) return '';
  const cosine = fit.meanTargetCosine === null ? '' : `, r ${fit.meanTargetCosine.toFixed(3)}`;
  return `  training loss ${fit.loss.toFixed(3)}${cosine}`;
}

/** Accuracy, with the spread over folds where there are several. */
export function accuracyText({ accuracy, std, report, thresholdFrom }: PairResult): string {
  const several = thresholdFrom === 'other folds' && std > 0;
  const few = report.genuinePairs + report.impostorPairs;
  return several ? `${accuracy.toFixed(4)} ± ${std.toFixed(4)}` : `${accuracy.toFixed(4)} (${few} pairs)`;
}
