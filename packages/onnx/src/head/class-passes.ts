import {
  type Allocate,
  type BatchContext,
  type ClassPasses,
  type MarginLoss,
  negativeSumNames,
  surveyLoss,
} from '@cf/core';
import { hasSmoothing } from '../formula/negatives-formula.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { batchTensors } from './batch-tensors.ts';
import { ClassTiles } from './class-tiles.ts';
import { GraphPass } from './graph-pass.ts';
import type { HeadMemory } from './head-memory.ts';
import type { HeadSessions } from './head-sessions.ts';
import { NegativeSums } from './negative-sums.ts';
import { pairsInOnePass, smoothedGradients } from './one-pass.ts';
import { SharedProducts } from './shared-products.ts';
import type { SimdKernel } from './simd-kernel.ts';
import { SimdPass } from './simd-pass.ts';
import type { StepWork } from './step-work.ts';
import type { OnPart } from './tile-pass.ts';
import { type TileLimits, tilePlan } from './tile-plan.ts';
import type { TileProducts } from './tile-products.ts';
import { keptGradients, seeNegatives } from './two-passes.ts';

/** What the passes of a step work with. */
export interface PassOptions extends TileLimits {
  readonly runtime: OnnxRuntime;
  readonly sessions: HeadSessions;
  /** Multiplies, where the element-wise work is a kernel's. */
  readonly products: TileProducts;
  readonly memory: HeadMemory;
  readonly allocate: Allocate;
  /** Does the element-wise work; without, graphs do. */
  readonly kernel: SimdKernel | undefined;
  readonly tileSize: number | undefined;
  readonly checkFinite: boolean;
  /** `keepBytes` where no ∂W is there for slopes to wait in. */
  readonly keepBytesWithoutGradient: number;
  readonly onPart: OnPart | undefined;
  /** Largest skipped probability of a sample × largest slope; 0 skips nothing. */
  readonly skipBound: number;
}

/** The passes over the classes of a batch, in float32, whose W and b are. */
export function classPasses(context: BatchContext, options: PassOptions): ClassPasses {
  const work = openWork(context, options);
  const { loss, batch } = context;
  const sums = new NegativeSums(options.memory, batch, work.tiles.count);
  return {
    negatives: () => seeNegatives(work, sums),
    gradients: (reduced, again) =>
      hasSmoothing(loss)
        ? smoothedGradients(work, reduced, again)
        : keptGradients(work, sums, reduced, again),
    pairs: (dNll, again) => pairsInOnePass(work, dNll, again),
  };
}

function openWork(context: BatchContext, options: PassOptions): StepWork {
  const { runtime, sessions, memory, allocate, kernel, checkFinite, skipBound, onPart } = options;
  const { loss, batch, classes, dim, labels, prepared, subCenters } = context;
  const products = context.sharedTiles
    ? new SharedProducts(options.products, context.sharedTiles, context)
    : options.products;
  const { takeRows } = context;
  const stores = takeRows === undefined;
  const limits = stores ? options : { ...options, keepBytes: options.keepBytesWithoutGradient };
  const plan = tilePlan({ batch, classes, dim, subCenters }, limits, {
    given: options.tileSize,
    keeps: keepsSlopes(loss),
    stores,
  });
  const tensors = batchTensors(runtime, loss, context.x, prepared, labels, plan.tileSize, memory);
  const shared = { runtime, sessions, products, loss, plan, batch, subCenters, onPart };
  const graph = new GraphPass({ ...shared, tensors, sumNames: negativeSumNames(loss) }, memory);
  const unit = tensors.x.data as Float32Array;
  const pass = kernel === undefined ? graph : new SimdPass({ ...shared, labels, x: unit, prepared }, kernel);
  let given = stores ? context.gradWeights : undefined;
  const gradWeights = (): Float32Array => {
    given ??= new Float32Array(stores ? classes * subCenters * dim : 0);
    return given;
  };
  const weights = context.weights as Float32Array;
  const bias = context.bias as Float32Array | undefined;
  const ofClasses = { ...shared, dim, classes, weights, bias, checkFinite, pass, gradWeights, takeRows };
  const tiles = new ClassTiles(ofClasses, memory);
  return { context, tiles, graph, memory, allocate, unit, gradWeights, skipBound };
}

/** Whether pass 2 starts from slopes of pass 1: not where there is one pass, nor where ε/C comes off every probability. */
function keepsSlopes(loss: MarginLoss): boolean {
  return loss.objective.kind === 'softmax' && !hasSmoothing(loss) && loss !== surveyLoss;
}
