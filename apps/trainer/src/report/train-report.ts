import type { ImageProblem } from '@cf/data';
import { htmlReport, lineChart, rocChart, scoreHistogram } from '@cf/eval';
import type { StepMetrics } from '@cf/training';
import type { TrainConfig } from '../settings/train-config.ts';
import { accuracyText } from './result-text.ts';
import type { NamedResult } from './score-model.ts';
import type { PairResult } from './score-pairs.ts';

export interface TrainReportInput {
  readonly config: TrainConfig;
  readonly metrics: readonly StepMetrics[];
  /** The trained model first. */
  readonly results: readonly NamedResult[];
  readonly identities: number;
  readonly images: number;
  readonly pairsFrom: string;
  readonly problems: readonly ImageProblem[];
}

/** The report of a training as one HTML page. */
export async function trainReport(input: TrainReportInput): Promise<string> {
  const { config, metrics, results, identities, images, pairsFrom, problems } = input;
  const trained = results[0]!.result;
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
    charts: await charts(metrics, results),
    tables: [
      resultTable(results),
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

function lossTitle({ loss }: TrainConfig): string {
  const { base } = loss.params as { base?: { loss: string } };
  return base === undefined ? loss.name : `${loss.name}(${base.loss})`;
}

async function charts(
  metrics: readonly StepMetrics[],
  results: readonly NamedResult[],
): Promise<{ title: string; svg: string; caption?: string }[]> {
  const trained = results[0]!.result;
  const curve = (pick: (m: StepMetrics) => number | null | undefined): { x: number; y: number }[] =>
    metrics.map((m) => ({ x: m.step, y: pick(m) ?? Number.NaN }));
  const drawn = (series: { name: string; points: { x: number; y: number }[] }[]): typeof series =>
    series.filter(({ points }) => points.some(({ y }) => Number.isFinite(y)));
  const picture = async (
    title: string,
    yTitle: string,
    all: Parameters<typeof drawn>[0],
    caption: string,
  ) => {
    const series = drawn(all);
    return series.length === 0
      ? []
      : [{ title, svg: await lineChart({ title, xTitle: 'step', yTitle, series }), caption }];
  };
  return [
    ...(await picture(
      'Loss',
      'loss',
      [{ name: 'loss', points: curve((m) => m.loss) }],
      'Mean over each batch.',
    )),
    ...(await picture(
      'Curriculum',
      'cosine',
      [
        { name: 't', points: curve((m) => m.t) },
        { name: 'r, mean target cosine', points: curve((m) => m.meanTargetCosine) },
      ],
      't follows the moving average of r.',
    )),
    ...(await picture(
      'Hard negatives',
      'share',
      [
        { name: 'hard among negatives', points: curve((m) => m.hardShare) },
        { name: 'samples past π', points: curve((m) => m.pastPiShare) },
      ],
      'Hard: cosine above that of the target with its margin.',
    )),
    ...(await picture(
      'Emphasised negatives',
      'share of the hard ones',
      [{ name: 'emphasised among hard', points: curve((m) => m.emphasisedShare) }],
      'Emphasised: the modulation raises the logit. Late batches have few hard negatives, so their share jumps.',
    )),
    ...(await picture(
      'Modulation of hard negatives',
      'slope M',
      [
        { name: 'largest', points: curve((m) => m.maxModulation) },
        { name: 'least', points: curve((m) => m.minModulation) },
      ],
      'The gradient of a hard negative is multiplied by M = t + 2·cos θ_j.',
    )),
    ...(await picture(
      'Learning rate',
      'η',
      [{ name: 'learning rate', points: curve((m) => m.learningRate) }],
      '',
    )),
    ...(await picture(
      'Gradient',
      'norm',
      [{ name: 'gradient norm', points: curve((m) => m.gradientNorm) }],
      'Euclidean norm over all parameters of the network.',
    )),
    ...(await picture(
      'Speed',
      'images/s',
      [{ name: 'images/s', points: curve((m) => m.imagesPerSecond) }],
      'Pictures trained on, over the time of each step.',
    )),
    {
      title: 'ROC',
      svg: await rocChart({
        title: 'ROC',
        series: results.map(({ name, result }) => ({ name, roc: result.report.roc })),
      }),
      caption: 'True accept rate over false accept rate, on the scored pairs.',
    },
    {
      title: 'Scores',
      svg: await scoreHistogram({
        title: 'Scores of the trained model',
        genuine: trained.genuine,
        impostor: trained.impostor,
        threshold: trained.threshold,
      }),
    },
  ];
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
