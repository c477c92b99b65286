import { printable } from '@cf/core';
import type { Difference, Interval, VerificationComparison, VerificationIntervals } from '@cf/eval';
import { problemsText } from '../dataset/problem-list.ts';
import { pText, signedText } from '../report/number-text.ts';
import { accuracyNote, accuracyText, thresholdText } from '../report/result-text.ts';
import type { PairResult } from '../report/score-pairs.ts';
import type { Evaluation, ScoredModel } from './evaluate.ts';
import type { IdentificationResult } from './searches.ts';

/** What came of an evaluation, for people. @param problems pictures, folders and pairs with something wrong */
export function evaluationText({ models, comparisons, unscored }: Evaluation, problems: number): string {
  const lines = models.flatMap(modelLines);
  for (const one of comparisons) lines.push(...comparisonLines(one, models));
  if (problems > 0) lines.push(problemsText(problems, models[0]!.pairs === undefined ? undefined : unscored));
  return lines.join('\n');
}

function within(interval: Interval | null | undefined, digits: number): string {
  return interval == null ? '' : `, ${intervalText(interval, digits)}`;
}

/** By what intervals are told; or, where there is none, why. @param some of them */
export function intervalsLine(
  { level, resamples, unit, units }: Pick<VerificationIntervals, 'level' | 'resamples' | 'unit' | 'units'>,
  some: readonly (Interval | null)[],
): string {
  if (some.every((one) => one === null)) return `no intervals: ${units} ${unit} are too few to be drawn anew`;
  return `intervals ${percent(level)}, percentiles of ${resamples} resamples of ${units} ${unit}`;
}

function modelLines({ name, pairs, intervals, identification }: ScoredModel): string[] {
  const title = printable(name);
  return [
    ...(pairs === undefined ? [] : pairLines(title, pairs, intervals)),
    ...(identification === undefined ? [] : searchLines(title, identification)),
  ];
}

function pairLines(name: string, result: PairResult, intervals: ScoredModel['intervals']): string[] {
  const { report } = result;
  return [
    `${name}: ${report.genuinePairs} genuine and ${report.impostorPairs} impostor pairs`,
    `accuracy  ${accuracyText(result)} (${accuracyNote(result)})${within(intervals?.accuracy, 4)}`,
    `AUC       ${report.auc.toFixed(5)}${within(intervals?.auc, 5)}`,
    `EER       ${report.eer.toFixed(4)}${within(intervals?.eer, 4)}`,
    ...report.tarAtFar.map(({ far, tar, status, impostorPairs, required }, n) =>
      tar === null
        ? `TAR       at FAR ${far.toExponential(0)}: ${status} (${impostorPairs} of ${required})`
        : `TAR       at FAR ${far.toExponential(0)}: ${tar.toFixed(4)}${within(intervals?.tarAtFar[n]?.interval, 4)}`,
    ),
    `best threshold on these pairs ${bestThresholdText(result)}, accuracy there ${report.bestAccuracy.toFixed(4)}`,
    ...(intervals === undefined ? [] : [intervalsLine(intervals, [intervals.accuracy, intervals.auc])]),
  ];
}

/** One that accepts no pair is the next number above the highest score. */
function bestThresholdText({ report, genuine, impostor }: PairResult): string {
  const highest = [genuine, impostor].reduce(
    (high, scores) => scores.reduce((most, score) => Math.max(most, score), high),
    Number.NEGATIVE_INFINITY,
  );
  return report.bestThreshold > highest
    ? `above every score (${thresholdText(highest)} is the highest)`
    : thresholdText(report.bestThreshold);
}

function searchLines(name: string, { identities, report, intervals }: IdentificationResult): string[] {
  return [
    `${name}: ${identities} people in the gallery, ${report.mated} searches for them, ${report.nonMated} for strangers`,
    `rank 1    ${report.rank1.toFixed(4)}${within(intervals?.rank1, 4)}`,
    `rank 5    ${report.rank5.toFixed(4)}${within(intervals?.rank5, 4)}`,
    ...report.fnirAtFpir.map(({ fpir, fnir, status, required }, n) => {
      const at = `FNIR      at FPIR ${fpir.toExponential(0)}: `;
      if (fnir === null) return `${at}${status} (${report.nonMated} of ${required})`;
      return `${at}${fnir.toFixed(4)}${within(intervals?.fnirAtFpir[n]?.interval, 4)}`;
    }),
    ...(intervals === undefined
      ? []
      : [intervalsLine({ ...intervals, unit: 'identities' }, [intervals.rank1])]),
  ];
}

function comparisonLines(
  { first, second, accuracy, auc, eer, tarAtFar, mcnemar }: VerificationComparison,
  models: readonly ScoredModel[],
): string[] {
  const line = (label: string, found: Difference | null): string[] =>
    found === null ? [] : [`${label.padEnd(9)} ${differenceText(found)}`];
  const { onlyFirst, onlySecond, pValue } = mcnemar;
  return [
    `${printable(models[second]!.name)} less ${printable(models[first]!.name)}`,
    ...line('accuracy', accuracy),
    ...line('AUC', auc),
    ...line('EER', eer),
    ...tarAtFar.flatMap(({ far, difference }) =>
      line(`TAR       at FAR ${far.toExponential(0)}:`, difference),
    ),
    `decisions ${onlySecond} pairs right that the other has wrong, ${onlyFirst} the other way round: p ${pText(pValue)} (McNemar, exact)`,
  ];
}

/** A difference, from where to where it reaches, and how likely chance alone is. */
export function differenceText({ difference, interval, pValue }: Difference): string {
  const sure =
    interval === null || pValue === null
      ? ''
      : `, ${intervalText(interval, 4, signedText)}, p ${pText(pValue)}`;
  return `${signedText(difference)}${sure}`;
}

/** Such as `0.9912 to 0.9968`. */
export function intervalText(
  { low, high }: Interval,
  digits: number,
  text: (value: number, digits: number) => string = (value) => value.toFixed(digits),
): string {
  return `${text(low, digits)} to ${text(high, digits)}`;
}

function percent(level: number): string {
  return `${Number((100 * level).toFixed(3))} %`;
}
