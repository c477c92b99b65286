import { meanOf } from '@cf/core';
import type { StepMetrics } from '@cf/training';

/** Hard negatives over some steps. */
interface HardNegatives {
  /** Mean t. */
  readonly t: number;
  /** Share of all negatives that were hard. */
  readonly hard: number;
  /** Share of the hard ones that were emphasised, I(t, cos θ_j) > 1. */
  readonly emphasised: number;
  /** Largest cosine of a hard one; null where there was none. */
  readonly nearest: number | null;
}

/** Fewer hard negatives than this share of all are next to none. */
const HARDLY_ANY = 1e-4;
/** Shares of the hard negatives: under the first a curriculum mostly weakens, from the second on it mostly emphasises. */
const [FEW, MOST] = [0.1, 0.5];

/**
 * What CurricularFace's curriculum did in a training, by its numbers, and what that advises: a hard negative is emphasised
 * where I = t + cos θ_j > 1, so above the cosine 1 − t (Huang et al. 2020, eq. 5). Undefined for losses without t, and where
 * nobody counted.
 */
export function curriculumAdvice(metrics: readonly StepMetrics[]): string | undefined {
  const last = metrics.at(-1)?.epoch;
  const end = hardNegatives(metrics.filter(({ epoch }) => epoch === last));
  if (last === undefined || end === undefined) return undefined;
  const epochs = [...new Set(metrics.map(({ epoch }) => epoch))];
  const reached = new Set(metrics.filter(({ emphasisedShare }) => emphasisedShare).map(({ epoch }) => epoch));
  const { t, hard, emphasised, nearest } = end;
  const share = emphasised === 0 ? 'none of them was' : `${percent(emphasised)} of them were`;
  const found = nearest === null ? '' : `, the nearest at cosine ${nearest.toFixed(2)}: ${share} emphasised`;
  return `curriculum: with t = ${t.toFixed(2)} a hard negative is emphasised (I > 1) above cosine ${(1 - t).toFixed(2)}; in the last epoch ${percent(hard)} of the negatives were hard${found}; some were in ${reached.size} of ${epochs.length} epochs. ${verdict(end)}`;
}

function verdict({ hard, emphasised }: HardNegatives): string {
  const compare = 'cf compare --losses curricularface,arcface tells on these pictures';
  if (hard < HARDLY_ANY)
    return `Hardly any was hard, so the curriculum had nothing to do, and arcface comes to the same: ${compare}`;
  if (emphasised < FEW)
    return `It weakened nearly all hard negatives, as a smaller margin would; arcface, which leaves them as they are, may be better: ${compare}`;
  if (emphasised < MOST)
    return `It weakened most hard negatives and emphasised some; whether that is better than arcface, which leaves them as they are, ${compare}`;
  return 'The curriculum was at work';
}

function hardNegatives(steps: readonly StepMetrics[]): HardNegatives | undefined {
  const counted = steps.flatMap(({ t, hardShare: hard, emphasisedShare, maxModulation }) => {
    if (t === null || hard === null) return [];
    // The largest slope M = t + 2·cos θ_j is that of the largest cosine.
    const nearest = maxModulation === null ? null : (maxModulation - t) / 2;
    return [{ t, hard, emphasised: hard * (emphasisedShare ?? 0), nearest }];
  });
  if (counted.length === 0) return undefined;
  const hard = meanOf(counted.map((step) => step.hard));
  const emphasised = meanOf(counted.map((step) => step.emphasised));
  const cosines = counted.flatMap(({ nearest }) => (nearest === null ? [] : [nearest]));
  return {
    t: meanOf(counted.map((step) => step.t)),
    hard,
    emphasised: hard === 0 ? 0 : emphasised / hard,
    nearest: cosines.length === 0 ? null : cosines.reduce((most, cosine) => Math.max(most, cosine)),
  };
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value === 0 || value >= 0.1 ? value.toFixed(1) : value.toPrecision(1)} %`;
}
