import { meanOf } from '../../../packages/core/src/index.ts';
import { holmAdjusted, pairedDifference, sampleDeviation } from '../../../packages/eval/src/index.ts';
import type { Regime } from './regimes.ts';
import type { Tested } from './search.ts';
import type { LossName, Outcome } from './training.ts';

/** A regime with what both losses came to in it. */
export interface FoundRegime {
  readonly regime: Regime;
  readonly found: Readonly<Record<LossName, Tested>>;
}

const HEAD = [
  'changed',
  'ArcFace, AUC',
  'CurricularFace, AUC',
  'difference (95 %)',
  'p',
  'p, Holm',
  'difference of accuracy',
  't',
  'hard',
  'emphasised of those',
];

/** One Markdown table: a line a regime. */
export function regimesTable(regimes: readonly FoundRegime[]): string {
  const differences = regimes.map(({ found }) => pairedDifference(perSeed(found, ({ auc }) => auc)));
  const adjusted = holmAdjusted(differences.map(({ p }) => p));
  const lines = regimes.map(({ regime, found }, at) => {
    const { mean, halfInterval, p } = differences[at]!;
    const of = (value: (outcome: Outcome) => number | null): number =>
      meanOf(found.curricularface.outcomes.map((outcome) => value(outcome)!));
    return [
      regime.changed,
      spread(found.arcface),
      spread(found.curricularface),
      `${signed(mean)}${halfInterval === null ? '' : ` ± ${halfInterval.toFixed(4)}`}`,
      pText(p),
      pText(adjusted[at]!),
      signed(meanOf(perSeed(found, ({ accuracy }) => accuracy))),
      of(({ t }) => t).toFixed(2),
      percent(of(({ hard }) => hard)),
      percent(of(({ emphasised }) => emphasised)),
    ];
  });
  return [HEAD, HEAD.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function perSeed(
  { arcface, curricularface }: FoundRegime['found'],
  score: (outcome: Outcome) => number,
): readonly number[] {
  return curricularface.outcomes.map((outcome, seed) => score(outcome) - score(arcface.outcomes[seed]!));
}

function spread({ margin, outcomes }: Tested): string {
  const aucs = outcomes.map(({ auc }) => auc);
  return `${meanOf(aucs).toFixed(4)} ± ${sampleDeviation(aucs).toFixed(4)} (m ${margin})`;
}

const signed = (x: number): string => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(4)}`;
const pText = (p: number | null): string => (p === null ? '–' : p < 0.001 ? '< 0.001' : p.toFixed(3));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
