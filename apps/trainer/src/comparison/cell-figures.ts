import type { StepMetrics } from '@cf/training';
import { readResults } from '../run/kept-results.ts';
import { readMetrics } from '../run/metrics-file.ts';
import { TRAINED } from '../run/pair-scores.ts';
import { openRunFolder } from '../run/run-folder.ts';
import { trainingFit } from '../run/training-fit.ts';
import type { Cell } from './comparison.ts';

/** What a finished training came to. */
export interface CellFigures {
  readonly accuracy: number;
  readonly auc: number;
  readonly eer: number;
  /** Means over the last epoch; null where the loss does not define them. */
  readonly loss: number | null;
  readonly meanTargetCosine: number | null;
  /** Of all steps together, without start and scores. */
  readonly trainingSeconds: number;
}

/** A finished training with lines of its metrics. */
export interface CellResult {
  readonly figures: CellFigures;
  /** At even distances, where there are many: those of all trainings are in memory together. */
  readonly metrics: readonly StepMetrics[];
}

/** Figures and metrics of a run that is done. @throws RunFolderError */
export async function readCellResult({ folder, config }: Cell): Promise<CellResult> {
  const run = await openRunFolder(folder);
  const results = await readResults(run);
  const trained = results.filter(({ name }) => TRAINED.includes(name)).at(-1) ?? results[0]!;
  const metrics = await readMetrics<StepMetrics>(run);
  const fit = trainingFit(metrics);
  const batch = config.batch * config.accumulate;
  return {
    metrics: evenSteps(metrics),
    figures: {
      accuracy: trained.accuracy,
      auc: trained.scoredPairs.auc,
      eer: trained.scoredPairs.eer,
      loss: fit?.loss ?? null,
      meanTargetCosine: fit?.meanTargetCosine ?? null,
      trainingSeconds: metrics.reduce((sum, { imagesPerSecond }) => sum + batch / imagesPerSecond, 0),
    },
  };
}

/** More steps than that are not told apart in a curve. */
const MOST_STEPS = 5000;

/** Steps at even distances, the first among them; all where they are few. */
export function evenSteps<Step>(steps: readonly Step[]): readonly Step[] {
  const every = Math.ceil(steps.length / MOST_STEPS);
  return every <= 1 ? steps : steps.filter((_, at) => at % every === 0);
}
