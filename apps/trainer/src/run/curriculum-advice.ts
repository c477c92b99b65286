import { meanOf } from '@cf/core';
import type { StepMetrics } from '@cf/training';

/** Hard negatives over some steps. */
interface HardNegatives {
  /** Mean t. */
  readonly t: number;
  /** Share of all negatives that were hard. */
  readonly hard: number;
  /** Share of the hard ones whose logit was raised, I(t, cos θ_j) > 1. */
  readonly emphasised: number;
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
  const epochs = Array.from({ length: last }, (_, i) => ({
    epoch: i + 1,
    found: hardNegatives(metrics.filter(({ epoch }) => epoch === i + 1)),
  }));
  const raised = ({ found }: (typeof epochs)[number]): number =>
    (found?.hard ?? 0) * (found?.emphasised ?? 0);
  const most = epochs.reduce((best, one) => (raised(one) > raised(best) ? one : best));
  const peak =
    most.epoch === last || raised(most) === 0
      ? ''
      : `; the most were in epoch ${most.epoch}, ${percent(most.found!.emphasised)} of ${percent(most.found!.hard)}`;
  const { t, hard, emphasised } = end;
  return `curriculum: with t = ${t.toFixed(2)} a hard negative is emphasised above cosine ${(1 - t).toFixed(2)}; in the last epoch ${percent(hard)} of the negatives were hard, and ${percent(emphasised)} of those emphasised${peak}. ${verdict(end)}`;
}

function verdict({ hard, emphasised }: HardNegatives): string {
  const compare = 'cf compare --losses curricularface,arcface tells on these pictures';
  if (hard < HARDLY_ANY)
    return `Hardly any was hard, so the curriculum had nothing to do, and arcface comes to the same: ${compare}`;
  if (emphasised < FEW)
    return `It weakened nearly all hard negatives, as a smaller margin would, and emphasised next to none; arcface, which leaves them as they are, may be better: ${compare}`;
  if (emphasised < MOST)
    return `It weakened most hard negatives and emphasised some; whether that is better than arcface, which leaves them as they are, ${compare}`;
  return 'It emphasised most hard negatives: the curriculum was at work';
}

function hardNegatives(steps: readonly StepMetrics[]): HardNegatives | undefined {
  const counted = steps.flatMap(({ t, hardShare, emphasisedShare }) =>
    t === null || hardShare === null
      ? []
      : [{ t, hard: hardShare, raised: hardShare * (emphasisedShare ?? 0) }],
  );
  if (counted.length === 0) return undefined;
  const hard = meanOf(counted.map((step) => step.hard));
  const raised = meanOf(counted.map((step) => step.raised));
  return { t: meanOf(counted.map((step) => step.t)), hard, emphasised: hard === 0 ? 0 : raised / hard };
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value === 0 || value >= 0.1 ? value.toFixed(1) : value.toPrecision(1)} %`;
}
