import { bandChart, lineChart, type ReportChart } from '@cf/eval/charts';
import type { StepMetrics } from '@cf/training';
import type { TrainConfig } from '../settings/train-config.ts';

/** Stages of a training that are drawn, as shares of its steps. */
const STAGES = [0, 0.1, 0.25, 0.5, 1];
/** The t that MV-Softmax fixes (Wang et al. 2020). */
const MV_T = 1.2;

/**
 * How this run modulated hard negatives, at several of its stages, beside losses that do it in one way throughout
 * (Huang et al. 2020, figure 1). Only CurricularFace has a t.
 */
export async function modulationChart(
  { loss }: TrainConfig,
  metrics: readonly StepMetrics[],
): Promise<readonly ReportChart[]> {
  const { base } = loss.params as { base?: { loss: string } };
  const stages = metrics.filter(({ t }) => t !== null);
  if ((base?.loss ?? loss.name) !== 'curricularface' || stages.length === 0) return [];
  const at = [...new Set(STAGES.map((share) => Math.round(share * (stages.length - 1))))];
  const line = (name: string, value: (cos: number) => number) => ({
    name,
    points: [0, 1].map((x) => ({ x, y: value(x) })),
  });
  const title = 'Modulation over cos θ';
  const svg = await lineChart({
    title,
    xTitle: 'cos θ_j of a hard negative',
    yTitle: 'I(t, cos θ_j)',
    series: [
      ...at.map((index) => {
        const { step, t } = stages[index]!;
        return line(`step ${step}, t = ${t!.toFixed(3)}`, (cos) => t! + cos);
      }),
      line('ArcFace', () => 1),
      line(`MV-Softmax, t = ${MV_T}`, () => MV_T),
    ],
  });
  const caption =
    'A hard negative counts as I·cos θ_j: CurricularFace weakens it (I < 1) early, and emphasises it as t rises.';
  return [{ title, svg, caption }];
}

/** The spread of the slope M of hard negatives over a training (Huang et al. 2020, figure 2). */
export async function spreadChart(metrics: readonly StepMetrics[]): Promise<readonly ReportChart[]> {
  const points = metrics.flatMap(({ step, minModulation, maxModulation }) =>
    minModulation === null || maxModulation === null
      ? []
      : [{ x: step, low: minModulation, high: maxModulation }],
  );
  if (points.length === 0) return [];
  const title = 'Modulation of hard negatives';
  const svg = await bandChart({ title, xTitle: 'step', yTitle: 'slope M', points, level: 1 });
  const caption =
    'The gradient of a hard negative is multiplied by M = t + 2·cos θ_j: from its least to its largest in each batch. Above 1 it is larger than without the curriculum.';
  return [{ title, svg, caption }];
}
