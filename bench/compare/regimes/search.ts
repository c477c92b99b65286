import { meanOf } from '../../../packages/core/src/index.ts';
import type { Cell, LossName, Outcome, Setting } from './training.ts';

/** m that each loss may have: the papers', and smaller ones. */
export const MARGINS: readonly number[] = [0.1, 0.3, 0.5];
/** Seeds that choose it, and are not tested with. */
const TUNING_SEEDS: readonly number[] = [100];
const LOSSES: readonly LossName[] = ['arcface', 'curricularface'];

/** Trainings that are done, by their keys. */
export type Known = Map<string, Outcome>;

/** A loss in a regime: the margin that was chosen, and what the tested seeds came to. */
export interface Tested {
  readonly margin: number;
  readonly outcomes: readonly Outcome[];
}

/** What a training depends on: the curriculum is nothing to ArcFace. */
export function keyOf({ setting, loss, margin, seed }: Cell): string {
  const { curriculum, ...shared } = setting;
  return JSON.stringify({ ...shared, ...(loss === 'arcface' ? {} : { curriculum }), loss, margin, seed });
}

/** Trainings that choose the margins. */
export function tuningCells(setting: Setting): readonly Cell[] {
  return LOSSES.flatMap((loss) =>
    MARGINS.flatMap((margin) => TUNING_SEEDS.map((seed) => ({ setting, loss, margin, seed }))),
  );
}

/** Trainings that are tested, each loss with the margin that was best on the seeds before. */
export function cellsOf(setting: Setting, seeds: number, known: Known): readonly Cell[] {
  return LOSSES.flatMap((loss) => {
    const margin = chosenMargin(setting, loss, known);
    return Array.from({ length: seeds }, (_, seed) => ({ setting, loss, margin, seed }));
  });
}

/** What both losses came to, once all of it is known. */
export function tested(setting: Setting, seeds: number, known: Known): Readonly<Record<LossName, Tested>> {
  const cells = cellsOf(setting, seeds, known);
  const of = (loss: LossName): Tested => ({
    margin: chosenMargin(setting, loss, known),
    outcomes: cells.filter((cell) => cell.loss === loss).map((cell) => known.get(keyOf(cell))!),
  });
  return { arcface: of('arcface'), curricularface: of('curricularface') };
}

function chosenMargin(setting: Setting, loss: LossName, known: Known): number {
  const aucs = MARGINS.map((margin) =>
    meanOf(TUNING_SEEDS.map((seed) => known.get(keyOf({ setting, loss, margin, seed }))!.auc)),
  );
  return MARGINS[aucs.indexOf(Math.max(...aucs))]!;
}
