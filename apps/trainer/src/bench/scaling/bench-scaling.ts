import { requireInteger } from '@cf/core';
import { onnxModel, smallestBatch, trainingForm } from '@cf/onnx';
import { measuredApart } from '../backbone/bench-backbone.ts';
import { benchNetwork } from '../backbone/measure-backbone.ts';
import type { HeadMeasurement } from '../head/measure-head.ts';
import { bestProductRate } from '../product-rate.ts';
import { answer, skippedFor } from '../python.ts';
import { deviations } from './deviations.ts';
import { type Axis, type ScalingPlan, type ScalingPoint, scalingPoints } from './scaling-points.ts';
import type { MeasuredPoint, ScalingReport } from './scaling-report.ts';

export interface ScalingOptions {
  /** That a point may take, beside the start of its process. */
  readonly secondsPerPoint: number;
  /** The arguments with which Node runs a task from stdin. */
  readonly measure: Readonly<Record<'backbone' | 'head', readonly string[]>>;
  /** Told after every point. */
  readonly onPoint?: (done: number, total: number, told: string) => void;
}

/** Steps of a point that do not count. */
const WARM_UP = { backbone: 2, head: 3 } as const;
/** Steps that count, at most. */
const STEPS = 9;
/** Starting, and loading of libraries and weights, may take this beside. */
const START_SECONDS = 30;

/**
 * Measures how time grows along batch, threads and side of pictures, and along classes and batch of the head: each point
 * in a process of its own. A point that would take longer than it may, by the one before it, is skipped with its reason,
 * and so are the larger ones of its line.
 *
 * @throws OptionOutOfRangeError for a number that is not a positive integer
 */
export async function benchScaling(plan: ScalingPlan, options: ScalingOptions): Promise<ScalingReport> {
  const { threads, batches, sides, classes, headBatches } = plan;
  for (const [name, numbers] of Object.entries({ threads, batches, sides, classes, headBatches }))
    for (const number of numbers) requireInteger(name, number, 1, 1e9);
  const limitGflopPerSecond: Record<string, number> = {};
  const measureLimits = async (): Promise<void> => {
    for (const count of threads) {
      const rate = (await bestProductRate(count)) / 1e9;
      limitGflopPerSecond[count] = Math.max(rate, limitGflopPerSecond[count] ?? 0);
    }
  };
  await measureLimits();
  const smallest = smallestBatch(trainingForm(onnxModel(benchNetwork(plan.model))));
  const todo = scalingPoints(plan);
  const points: MeasuredPoint[] = [];
  const skipped: { axis: Axis; x: number; threads: number; reason: string }[] = [];
  for (const [i, point] of todo.entries()) {
    const { axis, x } = point;
    const place = `${axis} ${x}, ${point.threads} ${point.threads === 1 ? 'thread' : 'threads'}`;
    const before = points.findLast((one) => one.axis === axis && one.threads === point.threads);
    const skip = (reason: string): void => {
      skipped.push({ axis, x, threads: point.threads, reason });
      options.onPoint?.(i + 1, todo.length, `${place}: skipped`);
    };
    if ('backbone' in point.task && point.samples < smallest) {
      skip(`a normalisation over the batch needs ${smallest} pictures`);
      continue;
    }
    const limit = limitGflopPerSecond[point.threads]!;
    const expected = point.gflop / (before?.gflopPerSecond ?? limit / 4);
    const { secondsPerPoint } = options;
    const steps = Math.min(STEPS, Math.floor(secondsPerPoint / expected) - WARM_UP[kindOf(point)]);
    if (steps < 1) {
      skip(`a step would take about ${expected.toFixed(1)} s, and a point may take ${secondsPerPoint} s`);
      continue;
    }
    try {
      const one = await measured(point, steps, options);
      points.push(one);
      options.onPoint?.(i + 1, todo.length, `${place}: ${one.samplesPerSecond.toFixed(1)} a second`);
    } catch (error) {
      skip(skippedFor(error));
    }
  }
  await measureLimits();
  return { ...plan, limitGflopPerSecond, points, deviations: deviations(points), skipped };
}

function kindOf({ task }: ScalingPoint): 'backbone' | 'head' {
  return 'backbone' in task ? 'backbone' : 'head';
}

async function measured(
  { axis, x, threads, gflop, samples, task }: ScalingPoint,
  steps: number,
  { measure, secondsPerPoint }: ScalingOptions,
): Promise<MeasuredPoint> {
  const limitSeconds = 3 * secondsPerPoint + START_SECONDS;
  const { seconds, cpuSeconds, peakExtraMiB } =
    'backbone' in task
      ? await measuredApart({ ...task.backbone, runs: steps }, measure.backbone, limitSeconds).then(
          (step) => ({
            seconds: samples / step.imagesPerSecond,
            cpuSeconds: step.cpuSeconds,
            peakExtraMiB: step.peakExtraMiB,
          }),
        )
      : await answer<HeadMeasurement>(
          process.execPath,
          measure.head,
          { ...task.head, steps },
          { limitSeconds },
        ).then((step) => ({
          seconds: step.medianSeconds,
          cpuSeconds: null,
          peakExtraMiB: step.peakExtraMiB,
        }));
  return {
    axis,
    x,
    threads,
    secondsPerStep: seconds,
    cpuSecondsPerStep: cpuSeconds,
    samplesPerSecond: samples / seconds,
    gflopPerSecond: gflop / seconds,
    peakExtraMiB,
  };
}
