import type { ImageProblem } from '@cf/data';
import { htmlReport } from '@cf/eval/charts';
import type { StepMetrics } from '@cf/training';
import type { Dataset } from '../dataset/dataset.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import { shownLoss } from '../settings/loss-files.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { modulationChart, spreadChart } from './curriculum-charts.ts';
import { embeddingChart, hardPictures, type RatedPicture } from './evidence.ts';
import { accuracyText } from './result-text.ts';
import { scoreCharts } from './score-charts.ts';
import type { NamedResult } from './score-model.ts';
import type { PairResult } from './score-pairs.ts';
import { stepCharts } from './step-charts.ts';

export interface TrainReportInput {
  readonly config: TrainConfig;
  readonly metrics: readonly StepMetrics[];
  /** The trained model first. */
  readonly results: readonly NamedResult[];
  readonly identities: number;
  readonly images: number;
  readonly pairsFrom: string;
  readonly problems: readonly ImageProblem[];
  /** What was done to the network's file, what trains. */
  readonly notes: readonly string[];
  /** What pictures of the hardest samples are made of; left out where there are none. */
  readonly evidence?: Evidence | undefined;
}

interface Evidence {
  readonly dataset: Dataset;
  /** Embeddings of the scored pictures. */
  readonly table: FeatureTable;
  readonly hardest: readonly RatedPicture[];
  readonly signal: AbortSignal;
}

/** The report of a training as one HTML page. */
export async function trainReport(input: TrainReportInput): Promise<string> {
  const { config, metrics, results, identities, images, pairsFrom, problems, notes, evidence } = input;
  const trained = results[0]!.result;
  const warnings = notes.filter(isWarning);
  const done = notes.filter((note) => !isWarning(note));
  const last = metrics.at(-1);
  return htmlReport({
    title: `Training with ${lossTitle(config)}`,
    subtitle: `${identities.toLocaleString('en')} identities, ${images.toLocaleString('en')} images; scored on ${pairsFrom}`,
    summary: [
      { label: 'verification accuracy', value: percent(trained.accuracy), note: thresholdNote(trained) },
      { label: 'area under ROC', value: trained.report.auc.toFixed(4) },
      { label: 'equal error rate', value: percent(trained.report.eer) },
      ...(last === undefined ? [] : [{ label: 'last loss', value: last.loss.toFixed(3) }]),
      ...(last?.t == null ? [] : [{ label: 'last t', value: last.t.toFixed(4) }]),
    ],
    charts: [
      ...(await stepCharts(metrics)),
      ...(await spreadChart(metrics)),
      ...(await modulationChart(config, metrics)),
      ...(await scoreCharts(results, 'the trained model')),
      ...(evidence === undefined ? [] : await embeddingChart(evidence.dataset, evidence.table)),
    ],
    pictures: evidence === undefined ? [] : await hardPictures(evidence.dataset, evidence),
    tables: [
      ...(warnings.length === 0
        ? []
        : [
            {
              title: warnings.length === 1 ? 'A warning' : `${warnings.length} warnings`,
              columns: ['what'],
              rows: warnings.map((note) => [note.slice(WARNING.length)]),
            },
          ]),
      resultTable(results),
      ...(done.length === 0
        ? []
        : [{ title: 'The network', columns: ['what was done'], rows: done.map((note) => [note]) }]),
      ...(problems.length === 0
        ? []
        : [
            {
              title: `${problems.length} left out`,
              columns: ['what', 'why'],
              rows: problems.map(({ kind, message }) => [kind, message]),
            },
          ]),
    ],
    config,
  });
}

/** Before a sentence that a reader should see. */
const WARNING = 'warning: ';

function isWarning(note: string): boolean {
  return note.startsWith(WARNING);
}

function lossTitle({ loss }: TrainConfig): string {
  const { base } = loss.params as { base?: { loss: string } };
  return base === undefined ? shownLoss(loss.name) : `${loss.name}(${shownLoss(base.loss)})`;
}

function resultTable(results: readonly NamedResult[]): {
  title: string;
  columns: string[];
  rows: (string | number | null)[][];
} {
  const fars = results[0]!.result.report.tarAtFar.map(({ far }) => far);
  return {
    title: 'Verification',
    columns: [
      'model',
      'training loss',
      'training r',
      'accuracy',
      'AUC',
      'EER',
      ...fars.map((far) => `TAR at FAR ${far.toExponential(0)}`),
    ],
    rows: results.map(({ name, result, fit }) => [
      name,
      fit?.loss.toFixed(3) ?? null,
      fit?.meanTargetCosine?.toFixed(3) ?? null,
      accuracyText(result),
      result.report.auc.toFixed(4),
      percent(result.report.eer),
      ...result.report.tarAtFar.map(({ tar, status }) => (tar === null ? status : tar.toFixed(4))),
    ]),
  };
}

function thresholdNote({ thresholdFrom }: PairResult): string {
  return thresholdFrom === 'other folds'
    ? 'threshold from the other folds'
    : 'threshold from the same pairs: optimistic';
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}\u00a0%`;
}
