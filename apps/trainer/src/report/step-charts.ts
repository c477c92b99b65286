import { lineChart, type ReportChart } from '@cf/eval/charts';
import type { ShadowCosines, StepMetrics } from '@cf/training';

/** Lines over the steps of a training, by the name that a reader sees. */
interface StepChart {
  readonly title: string;
  readonly yTitle: string;
  readonly lines: Readonly<Record<string, Exclude<keyof StepMetrics, 'shadows'>>>;
  readonly caption: string;
}

const STEP_CHARTS: readonly StepChart[] = [
  { title: 'Loss', yTitle: 'loss', lines: { loss: 'loss' }, caption: 'Mean over each batch.' },
  {
    title: 'Curriculum',
    yTitle: 'cosine',
    lines: { t: 't', 'r, mean target cosine': 'meanTargetCosine' },
    caption: 't follows the moving average of r.',
  },
  {
    title: 'Hard negatives',
    yTitle: 'share',
    lines: { 'hard among negatives': 'hardShare', 'samples past π': 'pastPiShare' },
    caption: 'Hard: cosine above that of the target with its margin.',
  },
  {
    title: 'Emphasised negatives',
    yTitle: 'share of the hard ones',
    lines: { 'emphasised among hard': 'emphasisedShare' },
    caption:
      'Emphasised: weighs more than without the modulation, I > 1 in CurricularFace. Late batches have few hard negatives, so their share jumps.',
  },
  {
    title: 'Samples left out',
    yTitle: 'share of the batch',
    lines: { 'left out': 'leftOutShare' },
    caption: 'Samples whose loss the weighting sets to 0: they move nothing.',
  },
  { title: 'Learning rate', yTitle: 'η', lines: { 'learning rate': 'learningRate' }, caption: '' },
  {
    title: 'Gradient',
    yTitle: 'norm',
    lines: { 'gradient norm': 'gradientNorm' },
    caption: 'Euclidean norm over all parameters of the network.',
  },
  {
    title: 'Speed',
    yTitle: 'images/s',
    lines: { 'images/s': 'imagesPerSecond' },
    caption: 'Pictures trained on, over the time of each step.',
  },
  {
    title: 'Waiting for data',
    yTitle: 'share of a step',
    lines: { waiting: 'dataShare' },
    caption: 'Share of the time of each step for which it waited for its pictures.',
  },
];

/** Charts of what the loss has numbers of. */
export async function stepCharts(metrics: readonly StepMetrics[]): Promise<readonly ReportChart[]> {
  const drawn: ReportChart[] = [];
  for (const { title, yTitle, lines, caption } of STEP_CHARTS) {
    const series = Object.entries(lines)
      .map(([name, of]) => ({ name, points: metrics.map((m) => ({ x: m.step, y: m[of] ?? Number.NaN })) }))
      .filter(({ points }) => points.some(({ y }) => Number.isFinite(y)));
    if (series.length === 0) continue;
    drawn.push({ title, svg: await lineChart({ title, xTitle: 'step', yTitle, series }), caption });
  }
  return [...drawn, ...(await shadowCharts(metrics))];
}

/** How the gradients of losses that looked on stood to the trained one's. */
async function shadowCharts(metrics: readonly StepMetrics[]): Promise<readonly ReportChart[]> {
  const looks = metrics.filter(({ shadows }) => Object.keys(shadows?.cosines ?? {}).length > 0);
  const names = [...new Set(looks.flatMap(({ shadows }) => Object.keys(shadows!.cosines)))];
  if (names.length === 0) return [];
  const chart = async (of: keyof ShadowCosines, title: string): Promise<ReportChart> => {
    const series = names.map((name) => ({
      name,
      points: looks.map(({ step, shadows }) => ({ x: step, y: shadows!.cosines[name]?.[of] ?? Number.NaN })),
    }));
    const caption =
      'Cosine between the gradients that another loss would have had on the same batch and those of the trained one: 1 where both go the same way.';
    return { title, svg: await lineChart({ title, xTitle: 'step', yTitle: 'cosine', series }), caption };
  };
  return [
    await chart('embeddings', 'Losses that looked on: ∂L/∂X'),
    await chart('weights', 'Losses that looked on: ∂L/∂W'),
  ];
}
