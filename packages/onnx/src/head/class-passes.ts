import {
  type Allocate,
  type BatchContext,
  type ClassPasses,
  mergeLogSumExp,
  type NegativeCounts,
  type ReducedBatch,
} from '@cf/core';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { batchTensors } from './batch-tensors.ts';
import { ClassTiles, type Factored } from './class-tiles.ts';
import { addEmbeddings, addRows, factorsOf } from './factors.ts';
import { GraphPass } from './graph-pass.ts';
import type { HeadMemory } from './head-memory.ts';
import type { HeadSessions } from './head-sessions.ts';
import { inspectTiles } from './inspect-tiles.ts';
import { NegativeSums } from './negative-sums.ts';
import { type SimdKernel, SimdPass } from './simd-pass.ts';
import { largestSlope, tilesToSkip } from './skip-tiles.ts';
import { type TileLimits, tilePlan } from './tile-plan.ts';

/** What the passes of a step work with. */
export interface PassOptions extends TileLimits {
  readonly runtime: OnnxRuntime;
  readonly sessions: HeadSessions;
  readonly memory: HeadMemory;
  readonly allocate: Allocate;
  /** Does the element-wise work of pass 1; without, graphs do. */
  readonly kernel: SimdKernel | undefined;
  readonly tileSize: number | undefined;
  readonly checkFinite: boolean;
  /** Largest skipped probability of a sample × largest slope; 0 skips nothing. */
  readonly skipBound: number;
}

/** Both passes over the classes of a batch, in float32, whose W and b are. */
export function classPasses(context: BatchContext, options: PassOptions): ClassPasses {
  const { runtime, sessions, memory, allocate, kernel, checkFinite } = options;
  const { loss, batch, classes, dim, labels, prepared } = context;
  const plan = tilePlan({ batch, classes, dim }, options, options.tileSize);
  const tensors = batchTensors(runtime, loss, context.x, prepared, labels, plan.tileSize);
  const shared = { runtime, sessions, loss, plan, batch };
  const graph = new GraphPass({ ...shared, tensors }, memory);
  const pass =
    kernel === undefined ? graph : new SimdPass({ ...shared, labels, x: tensors.x, prepared }, kernel);
  const gradWeights = context.gradWeights ?? new Float32Array(classes * dim);
  const weights = context.weights as Float32Array;
  const bias = context.bias as Float32Array | undefined;
  const ofClasses = { ...shared, dim, classes, weights, bias, checkFinite, pass, gradWeights };
  const tiles = new ClassTiles(ofClasses, memory);
  const sums = new NegativeSums(memory, batch, plan.count);
  return {
    async negatives() {
      const counts: NegativeCounts[] = [];
      for (let tile = 0; tile < plan.count; tile++) {
        const forward = await tiles.forward(tile, context.countNegatives);
        sums.add(forward.sums);
        if (forward.counts !== undefined) counts.push(forward.counts);
      }
      return {
        logSumExp: mergeLogSumExp(sums.logSumExps()),
        counts: counts.length === 0 ? undefined : mergeCounts(counts),
      };
    },
    async gradients(reduced) {
      sums.complete(reduced.logSumExp);
      const bound = context.inspect ? 0 : options.skipBound / largestSlope(loss, prepared);
      const skipped = tilesToSkip(plan.count, batch, (tile, sample) => sums.share(tile, sample), bound);
      const bias = loss.bias ? new Float32Array(classes) : undefined;
      const embeddings = allocate(batch * dim);
      const total = allocate(batch * dim);
      const unit = tensors.x.data as Float32Array;
      await backwardTiles({ context, reduced, tiles, sums, skipped, memory, unit, bias, total });
      const radial = sums.radials().map((value, i) => value * reduced.dNll[i]!);
      addEmbeddings(loss, context.x, total, radial, embeddings);
      return {
        embeddings,
        weights: gradWeights,
        bias,
        inspection: context.inspect
          ? await inspectTiles({ context, reduced, tiles, graph, sums })
          : undefined,
        skipped: [...skipped].reduce((sum, tile) => sum + tiles.range(tile).count, 0),
      };
    },
  };
}

interface Backward {
  readonly context: BatchContext;
  readonly reduced: ReducedBatch;
  readonly tiles: ClassTiles;
  readonly sums: NegativeSums;
  readonly skipped: ReadonlySet<number>;
  readonly memory: HeadMemory;
  /** x̂, or x: [B, d]. */
  readonly unit: Float32Array;
  readonly bias: Float32Array | undefined;
  /** Where Σ_j slope_ij·w_j goes: [B, d]. */
  readonly total: Float64Array;
}

/** Pass 2, the last tile first. What tiles of one shift come to is multiplied with their factors once. */
async function backwardTiles(backward: Backward): Promise<void> {
  const { context, reduced, tiles, sums, skipped, memory, unit, bias, total } = backward;
  const { dim, prepared } = context;
  const size = context.batch * dim;
  let [before, after] = [memory.array('before', size), memory.array('after', size)];
  let factored: (Factored & { readonly shift: Float32Array }) | undefined;
  for (let tile = tiles.count - 1; tile >= 0; tile--) {
    if (skipped.has(tile)) {
      tiles.skip(tile);
      continue;
    }
    const shift = sums.shift(tile);
    if (factored?.shift !== shift) {
      if (factored !== undefined) addRows(total, before, factored.factor, dim);
      const factor = factorsOf(sums.scale(tile), prepared, reduced);
      const x = addRows(memory.array('factored', size).fill(0), unit, factor, dim);
      factored = { shift, factor, x };
      before.fill(0);
    }
    await tiles.backward(tile, factored, before, after, bias);
    [before, after] = [after, before];
  }
  if (factored !== undefined) addRows(total, before, factored.factor, dim);
}

function mergeCounts(counts: readonly NegativeCounts[]): NegativeCounts {
  return {
    hard: counts.reduce((sum, { hard }) => sum + hard, 0),
    emphasised: counts.reduce((sum, { emphasised }) => sum + emphasised, 0),
    minSlope: Math.min(...counts.map(({ minSlope }) => minSlope)),
    maxSlope: Math.max(...counts.map(({ maxSlope }) => maxSlope)),
  };
}
