import { type ChartSeries, lineChart, stackedCharts } from '@cf/eval/charts';
import { alignedLines } from '../../report/text-table.ts';
import { deviationText, linesOf } from './deviations.ts';
import { AXES, type Axis } from './scaling-points.ts';
import type { MeasuredPoint, ScalingReport } from './scaling-report.ts';

/** Over a table of what is measured along an axis. */
function titleOf(axis: Axis, report: ScalingReport): string {
  const { model, sideBatch, headBatch, headClasses, dim } = report;
  switch (axis) {
    case 'batch':
      return `${model}: training against the batch`;
    case 'side':
      return `${model}, batch ${sideBatch}: training against the side of the pictures`;
    case 'classes':
      return `head, batch ${headBatch}, ${dim}-d: a step against the classes`;
    case 'head batch':
      return `head, ${headClasses} classes, ${dim}-d: a step against the batch`;
  }
}

/** Tables of all that was measured, and where it does not grow as the work does. */
export function scalingText(report: ScalingReport): string {
  const tables = AXES.flatMap((axis) => {
    const points = report.points.filter((point) => point.axis === axis);
    return points.length === 0 ? [] : [`${titleOf(axis, report)}\n${table(axis, points, report)}`];
  });
  const { skipped } = report;
  const found = report.deviations.map((one) => `  ${deviationText(one)}`);
  return [
    ...tables,
    found.length === 0
      ? 'time grows as the work does'
      : `time does not grow as the work does:\n${found.join('\n')}`,
    ...(skipped.length === 0
      ? []
      : [
          `not measured:\n${skipped.map(({ axis, x, threads, reason }) => `  ${axis} ${x}, threads ${threads}: ${reason}`).join('\n')}`,
        ]),
  ].join('\n\n');
}

function table(axis: Axis, points: readonly MeasuredPoint[], { limitGflopPerSecond }: ScalingReport): string {
  const header = ['threads', axis, 'ms a step', 'CPU ms', 'a second', 'GFLOP/s', 'of a product', 'peak MiB'];
  const rows = points.map((point) => [
    String(point.threads),
    String(point.x),
    (1000 * point.secondsPerStep).toFixed(1),
    point.cpuSecondsPerStep === null ? '–' : (1000 * point.cpuSecondsPerStep).toFixed(1),
    point.samplesPerSecond.toFixed(1),
    point.gflopPerSecond.toFixed(0),
    `${((100 * point.gflopPerSecond) / limitGflopPerSecond[point.threads]!).toFixed(0)} %`,
    point.peakExtraMiB === null ? 'unknown' : point.peakExtraMiB.toFixed(0),
  ]);
  return alignedLines([header, ...rows], 'padStart')
    .map((line) => `  ${line}`)
    .join('\n');
}

interface ScalingChart {
  readonly axis: Axis;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly y: (point: MeasuredPoint) => number;
  /** y where every step took its operations at the best rate of the line. */
  readonly ideal: (point: MeasuredPoint, best: MeasuredPoint) => number;
  readonly logX: boolean;
}

const rateAtBest = (point: MeasuredPoint, best: MeasuredPoint): number =>
  (point.samplesPerSecond * best.gflopPerSecond) / point.gflopPerSecond;
const millisecondsAtBest = (point: MeasuredPoint, best: MeasuredPoint): number =>
  (1000 * point.secondsPerStep * point.gflopPerSecond) / best.gflopPerSecond;

const RATE = { y: ({ samplesPerSecond }: MeasuredPoint) => samplesPerSecond, ideal: rateAtBest };
const TIME = { y: ({ secondsPerStep }: MeasuredPoint) => 1000 * secondsPerStep, ideal: millisecondsAtBest };

const CHARTS: readonly ScalingChart[] = [
  { axis: 'batch', xTitle: 'pictures a batch', yTitle: 'pictures/s', logX: true, ...RATE },
  { axis: 'side', xTitle: 'side of the pictures', yTitle: 'pictures/s', logX: false, ...RATE },
  { axis: 'classes', xTitle: 'classes', yTitle: 'ms a step', logX: false, ...TIME },
  { axis: 'head batch', xTitle: 'embeddings a batch', yTitle: 'ms a step', logX: false, ...TIME },
];

/** One picture of all that was measured, beside what it would be if time grew as the work does. */
export async function scalingPicture(report: ScalingReport): Promise<string> {
  const charts: string[] = [];
  for (const { axis, xTitle, yTitle, y, ideal, logX } of CHARTS) {
    const points = report.points.filter((point) => point.axis === axis);
    if (points.length === 0) continue;
    const series = linesOf(points).flatMap((line): ChartSeries[] => {
      const { threads } = line[0]!;
      const name = threads === 1 ? '1 thread' : `${threads} threads`;
      const best = line.reduce((a, b) => (b.gflopPerSecond > a.gflopPerSecond ? b : a));
      return [
        { name, points: line.map((point) => ({ x: point.x, y: y(point) })) },
        {
          name: `${name}, ideal`,
          points: line.map((point) => ({ x: point.x, y: ideal(point, best) })),
        },
      ];
    });
    charts.push(await lineChart({ title: titleOf(axis, report), xTitle, yTitle, series, logX, width: 720 }));
  }
  return stackedCharts(charts);
}
