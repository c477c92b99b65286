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

/** Accuracy, with the spread over folds where there is one. */
export function accuracyText(result: PairResult): string {
  const { accuracy, std, folds, report } = result;
  const pairs = report.genuinePairs + report.impostorPairs;
  if (folds <= 1) return `${accuracy.toFixed(4)} (${pairs} pairs)`;
  if (std === 0) return `${accuracy.toFixed(4)} (the same on all ${folds} folds)`;
  return `${accuracy.toFixed(4)} ± ${std.toFixed(4)}`;
}

/** Where the spread of {@link accuracyText} and its thresholds come from. */
export function accuracyNote({ std, folds, thresholdFrom }: PairResult): string {
  const from = `threshold from ${thresholdFrom}`;
  if (folds <= 1) return `one fold; ${from}`;
  return std === 0 ? from : `standard deviation over ${folds} folds; ${from}`;
}

/** A threshold; one that no score reaches, or that every score does, is said so. */
export function thresholdText(threshold: number): string {
  if (Number.isFinite(threshold)) return threshold.toFixed(4);
  return threshold > 0 ? 'above every score' : 'below every score';
}

/** A difference with its sign, such as `−0.0020`; what rounds to 0 has none of its own. */
export function signedText(value: number, digits: number = 4): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? '−' : '+'}${text}`;
}
