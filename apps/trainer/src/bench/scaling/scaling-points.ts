import { onnxModel } from '@cf/onnx';
import { operationsOfStep } from '../backbone/bench-backbone.ts';
import { convShapes } from '../backbone/conv-shapes.ts';
import { benchNetwork } from '../backbone/measure-backbone.ts';
import type { BackboneTask } from '../backbone/report.ts';
import type { HeadTask } from '../head/head-task.ts';

/** What grows along a line of points. */
export const AXES = ['batch', 'side', 'classes', 'head batch'] as const;
export type Axis = (typeof AXES)[number];

/** One measurement, before it is taken. */
export interface ScalingPoint {
  readonly axis: Axis;
  readonly x: number;
  readonly threads: number;
  /** Operations of a step, in 10⁹: what its time should grow as. */
  readonly gflop: number;
  /** Pictures or embeddings a step. */
  readonly samples: number;
  readonly task:
    | { readonly backbone: Omit<BackboneTask, 'runs'> }
    | { readonly head: Omit<HeadTask, 'steps'> };
}

/** What to measure. */
export interface ScalingPlan {
  readonly model: BackboneTask['model'];
  readonly kernels: NonNullable<BackboneTask['kernels']>;
  readonly threads: readonly number[];
  readonly batches: readonly number[];
  /** Sides of pictures, of a residual network, at the batch of `sideBatch`. */
  readonly sides: readonly number[];
  readonly sideBatch: number;
  readonly classes: readonly number[];
  /** Of the head at every number of classes. */
  readonly headBatch: number;
  readonly headBatches: readonly number[];
  /** Of the head at every batch. */
  readonly headClasses: number;
  readonly dim: number;
}

/** Every point of a plan, those of one line after each other, in rising order. */
export function scalingPoints(plan: ScalingPlan): readonly ScalingPoint[] {
  const rising = (numbers: readonly number[]): readonly number[] =>
    [...new Set(numbers)].sort((a, b) => a - b);
  return plan.threads.flatMap((threads) => [
    ...rising(plan.batches).map((batch) => backbonePoint(plan, { axis: 'batch', x: batch, threads, batch })),
    ...rising(plan.sides).map((side) =>
      backbonePoint(plan, { axis: 'side', x: side, threads, batch: plan.sideBatch, side }),
    ),
    ...rising(plan.classes).map((classes) =>
      headPoint(plan, { axis: 'classes', x: classes, threads, batch: plan.headBatch, classes }),
    ),
    ...rising(plan.headBatches).map((batch) =>
      headPoint(plan, { axis: 'head batch', x: batch, threads, batch, classes: plan.headClasses }),
    ),
  ]);
}

interface Place {
  readonly axis: Axis;
  readonly x: number;
  readonly threads: number;
  readonly batch: number;
}

function backbonePoint(
  { model, kernels }: ScalingPlan,
  { axis, x, threads, batch, side }: Place & { readonly side?: number },
): ScalingPoint {
  const network = benchNetwork(model, side);
  const onnx = onnxModel(network);
  const gflop = (batch * operationsOfStep(onnx, convShapes(onnx, network.inputSize))) / 1e9;
  const backbone = { model, batch, threads, kernels, ...(side !== undefined && { side }) };
  return { axis, x, threads, gflop, samples: batch, task: { backbone } };
}

function headPoint(
  { dim }: ScalingPlan,
  { axis, x, threads, batch, classes }: Place & { readonly classes: number },
): ScalingPoint {
  const head = {
    backend: 'onnx',
    batch,
    dim,
    classes,
    subCenters: 1,
    loss: 'curricularface',
    regime: 'init',
    threads,
    diagnostics: false,
    seed: 1,
  } as const;
  return { axis, x, threads, gflop: (6 * batch * dim * classes) / 1e9, samples: batch, task: { head } };
}
