import { meanOf } from '@cf/core';
import { differenceOf, resampleVerification, type VerificationFigures } from '@cf/eval';
import { identitiesOf, type PairScores, TRAINED } from '../run/pair-scores.ts';
import type { Comparison } from './comparison.ts';
import { type KnownCell, SCORES, type Score } from './comparison-table.ts';

/** How often identities are drawn anew. */
export const RESAMPLES = 500;

/** A difference from the baseline, as the scored pairs tell it. */
export interface PairDifference {
  /** Mean over the seeds of both. */
  readonly difference: number;
  /** 95 % of the resamples; null where there are none, as where all pairs hang together. */
  readonly interval: readonly [number, number] | null;
  /** Two-sided: how often the resamples put the difference at or beyond 0. */
  readonly p: number | null;
}

/** The tests over pairs. */
export interface PairTests {
  readonly resamples: number;
  /** What was drawn: identities, where the pairs tell them. */
  readonly unit: string;
  /** By the names of the variants. */
  readonly differences: Readonly<Record<string, Readonly<Record<Score, PairDifference | null>>>>;
}

/** A finished cell with its scores. */
interface Scored {
  readonly variant: string;
  readonly seed: number;
  readonly scores: readonly number[];
}

/**
 * Each variant beside the baseline on the scored pairs, by the bootstrap over identities: all models share each draw, and
 * differences are means over the seeds of both. It says whether these very models differ on other people; whether other
 * trainings would, the tests over seeds say.
 *
 * @param scoresOf of a finished cell; undefined where its run kept none
 * @param onResample is told how many are done
 * @param signal its reason is thrown
 */
export async function pairTests(
  { variants, baseline }: Comparison,
  known: readonly KnownCell[],
  scoresOf: (cell: KnownCell['cell']) => Promise<PairScores | undefined>,
  { signal, onResample }: { readonly signal: AbortSignal; readonly onResample?: (done: number) => void },
): Promise<PairTests | undefined> {
  const groups = new Map<string, { readonly pairs: PairScores; readonly cells: Scored[] }>();
  for (const { cell, result } of known) {
    const kept = result === undefined ? undefined : await scoresOf(cell);
    const scores = TRAINED.flatMap((name) =>
      kept?.scores[name] === undefined ? [] : [kept.scores[name]],
    ).at(-1);
    if (kept === undefined || scores === undefined) continue;
    const { pairs, same, folds, scored } = kept;
    const key = JSON.stringify([pairs, same, folds, scored]);
    const group = groups.get(key) ?? { pairs: kept, cells: [] };
    group.cells.push({ variant: cell.variant, seed: cell.seed, scores });
    groups.set(key, group);
  }
  const all = [...groups.values()].map(({ pairs, cells }, at) => resamplesOf(pairs, cells, at));
  if (all.length === 0) return undefined;
  const others = variants.map(({ name }) => name).filter((name) => name !== baseline);
  const meansOf = (figures: readonly (readonly VerificationFigures[] | undefined)[]): Means => {
    const byCell = new Map<string, VerificationFigures>();
    all.forEach(({ cells }, group) => {
      cells.forEach(({ variant, seed }, at) => {
        const found = figures[group]?.[at];
        if (found !== undefined) byCell.set(`${variant}/${seed}`, found);
      });
    });
    return (variant, score) => {
      const seeds = all.flatMap(({ cells }) =>
        cells.filter((one) => one.variant === variant).map(({ seed }) => seed),
      );
      const differences = seeds.flatMap((seed) => {
        const [own, base] = [
          byCell.get(`${variant}/${seed}`)?.[score],
          byCell.get(`${baseline}/${seed}`)?.[score],
        ];
        return own == null || base == null ? [] : [own - base];
      });
      return differences.length === 0 ? undefined : meanOf(differences);
    };
  };
  const now = meansOf(all.map(({ resamples }) => resamples.figures));
  const draws = all.map(({ resamples }) => resamples.draw());
  const drawn: Means[] = [];
  // Of one unit all draws are the same, and say nothing.
  const most = all.every(({ resamples }) => resamples.units > 1) ? RESAMPLES : 0;
  for (let i = 0; i < most; i++) {
    drawn.push(meansOf(draws.map((draw) => draw.next().value ?? undefined)));
    await new Promise((done) => setImmediate(done));
    onResample?.(i + 1);
    signal.throwIfAborted();
  }
  const testOf = (variant: string, score: Score): PairDifference | null => {
    const found = now(variant, score);
    if (found === undefined) return null;
    const draws = drawn.map((means) => means(variant, score) ?? null);
    const { difference, interval, pValue } = differenceOf(found, draws);
    return { difference, interval: interval && [interval.low, interval.high], p: pValue };
  };
  return {
    resamples: RESAMPLES,
    unit: all[0]!.resamples.unit,
    differences: Object.fromEntries(
      others.map((name) => [
        name,
        Object.fromEntries(SCORES.map((score) => [score, testOf(name, score)])) as Record<
          Score,
          PairDifference | null
        >,
      ]),
    ),
  };
}

/** Mean difference of a variant from the baseline. */
type Means = (variant: string, score: Score) => number | undefined;

function resamplesOf(
  kept: PairScores,
  cells: readonly Scored[],
  seed: number,
): { readonly cells: readonly Scored[]; readonly resamples: ReturnType<typeof resampleVerification> } {
  const identities = identitiesOf(kept);
  const { same, folds, scored: scoredFolds, pairs } = kept;
  const models = cells.map(({ scores }) => scores);
  const origins = identities === undefined ? { pictures: pairs } : { identities };
  return {
    cells,
    resamples: resampleVerification({
      models,
      same,
      folds,
      scoredFolds,
      ...origins,
      fars: [],
      resamples: RESAMPLES,
      // Other pairs are drawn by themselves.
      seed,
    }),
  };
}
