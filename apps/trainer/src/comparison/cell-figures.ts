import type { StepMetrics } from '@cf/training';
import { TRAINED } from '../run/pair-scores.ts';
import { openRunFolder, readJson, readMetrics } from '../run/run-folder.ts';
import { trainingFit } from '../run/training-fit.ts';
import type { Cell } from './comparison.ts';

/** Scores as results.json has them. */
interface KeptResult {
  readonly name: string;
  readonly accuracy: number;
  readonly scoredPairs: { readonly auc: number; readonly eer: number };
}

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

/** A finished training with the lines of its metrics. */
export interface CellResult {
  readonly figures: CellFigures;
  readonly metrics: readonly StepMetrics[];
}

/** Figures and metrics of a run that is done. @throws RunFolderError */
export async function readCellResult({ folder, config }: Cell): Promise<CellResult> {
  const run = await openRunFolder(folder);
  const results = (await readJson(run.file('results'))) as readonly KeptResult[];
  const trained = results.filter(({ name }) => TRAINED.includes(name)).at(-1)!;
  const metrics = await readMetrics<StepMetrics>(run);
  const fit = trainingFit(metrics);
  const batch = config.batch * config.accumulate;
  return {
    metrics,
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
