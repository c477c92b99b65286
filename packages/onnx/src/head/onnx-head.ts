import {
  addTargetGradients,
  checkInput,
  type Head,
  type HeadInput,
  type HeadInspection,
  type HeadOptions,
  type HeadOutput,
  headDiagnostics,
  type LogSumExp,
  type MarginLoss,
  marginDraws,
  meanOf,
  mergeLogSumExp,
  type NegativeCounts,
  type PreparedBatch,
  plainRows,
  prepareBatch,
  type ReducedBatch,
  reduceBatch,
  requireFiniteTensor,
  requireInteger,
  targetPoints,
  type UnitRows,
  unitRows,
} from '@cf/core';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import type { SessionOpener } from '../runtime/sessions.ts';
import { hasRowKernel } from '../simd/row-kernel.ts';
import { batchTensors } from './batch-tensors.ts';
import { ClassTiles, type Factored, type TileSums } from './class-tiles.ts';
import { GraphPass } from './graph-pass.ts';
import { HeadMemory } from './head-memory.ts';
import { HeadSessions } from './head-sessions.ts';
import { SimdKernel, SimdPass } from './simd-pass.ts';
import { largestSlope, tilesToSkip } from './skip-tiles.ts';
import { type TileLimits, tilePlan } from './tile-plan.ts';

/** What a backend lends to its heads. */
export interface HeadSettings extends TileLimits {
  readonly runtime: OnnxRuntime;
  readonly opener: SessionOpener;
  /** Largest skipped probability of a sample × largest slope; 0 skips nothing. */
  readonly skipBound: number;
  /** Whether element-wise work is done in WebAssembly, where the loss allows it. */
  readonly simd: boolean;
}

/**
 * The streaming head on onnxruntime: O(C) work in float32 graphs over tiles of classes, O(B·d) work in core's own
 * functions, in float64. Memory beside the caller's arrays is what pass 1 keeps and a few tiles.
 *
 * @throws OptionOutOfRangeError if tileSize is not a positive integer
 */
export function onnxHead(loss: MarginLoss, settings: HeadSettings, options: HeadOptions): Head {
  const { tileSize, checkFinite = true, inspect = false } = options;
  if (tileSize !== undefined) requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  const sessions = new HeadSessions(settings.opener, loss);
  const memory = new HeadMemory();
  const kernel = settings.simd && hasRowKernel(loss) ? new SimdKernel(loss) : undefined;
  let last: Promise<unknown> = Promise.resolve();
  return {
    loss,
    step(input) {
      // One step at a time: steps share the head's memory.
      const run = (): Promise<HeadOutput> =>
        step(loss, input, { settings, sessions, memory, kernel, tileSize, checkFinite, inspect });
      const result = last.then(run, run);
      last = result;
      return result;
    },
    dispose() {
      sessions.dispose();
      memory.clear();
    },
  };
}

interface StepOptions {
  readonly settings: HeadSettings;
  readonly sessions: HeadSessions;
  readonly memory: HeadMemory;
  readonly kernel: SimdKernel | undefined;
  readonly tileSize: number | undefined;
  readonly checkFinite: boolean;
  readonly inspect: boolean;
}

async function step(loss: MarginLoss, input: HeadInput, options: StepOptions): Promise<HeadOutput> {
  const { settings, memory, checkFinite } = options;
  // W is looked at tile by tile, through the norms that pass 1 computes anyway.
  const checked = checkInput(loss, input, false);
  if (checkFinite) {
    requireFiniteTensor('embeddings', input.embeddings);
    if (input.bias !== undefined) requireFiniteTensor('bias', input.bias);
  }
  const { batch, classes, dim, labels, sampleWeights, sampleKeys, state, mode } = checked;
  const weights = asFloat32('weights', input.weights);
  const allocate = memory.allocator();
  const x = (loss.geometry === 'inner' ? plainRows : unitRows)(input.embeddings, dim, 0, batch, allocate);
  const points = targetPoints(loss, x, weights, input.bias, labels, allocate);
  const draws = marginDraws(loss, state, mode, sampleKeys, input.draws);
  const prepared = prepareBatch(loss, points.cos, points.sin, x.norms, draws, state, mode);

  const plan = tilePlan(batch, classes, settings, options.tileSize);
  const tensors = batchTensors(settings.runtime, loss, x, prepared, labels, plan.tileSize, plan.count);
  const bias = input.bias && asFloat32('bias', input.bias);
  const { runtime } = settings;
  const { sessions, kernel } = options;
  const shared = { runtime, sessions, loss, plan, batch };
  const graph = new GraphPass({ ...shared, tensors }, memory);
  const pass =
    kernel === undefined ? graph : new SimdPass({ ...shared, labels, x: tensors.x, prepared }, kernel);
  const tiles = new ClassTiles({ ...shared, dim, classes, weights, bias, checkFinite, pass }, memory);

  const sums: TileSums[] = [];
  const counts: NegativeCounts[] = [];
  const logSums: LogSumExp[] = [];
  for (let tile = 0; tile < plan.count; tile++) {
    const forward = await tiles.forward(tile, input.countNegatives ?? true);
    sums.push(forward.sums);
    logSums.push(logSumExp(forward.sums));
    if (forward.counts !== undefined) counts.push(forward.counts);
  }
  const reduced = reduceBatch(loss, prepared, mergeLogSumExp(logSums), x.norms, sampleWeights, state, mode);

  const scales = shiftScales(sums, reduced);
  const shares = sums.map(({ sum }, tile) => Float64Array.from(sum, (value, i) => value * scales[tile]![i]!));
  const bound = options.inspect ? 0 : settings.skipBound / largestSlope(loss, prepared);
  const skipped = tilesToSkip(shares, bound);
  const gradWeights = reusable(input.gradWeights, classes * dim);
  const gradBias = loss.bias ? new Float32Array(classes) : undefined;
  const embeddings = allocate(batch * dim);
  const total = allocate(batch * dim);
  const xData = tensors.x.data as Float32Array;
  let [before, after] = [memory.array('before', batch * dim), memory.array('after', batch * dim)];
  let factored: (Factored & { readonly shift: Float32Array }) | undefined;
  for (let tile = plan.count - 1; tile >= 0; tile--) {
    const { start, count } = tiles.range(tile);
    if (skipped.has(tile)) {
      gradWeights.fill(0, start * dim, (start + count) * dim);
      continue;
    }
    const { shift } = sums[tile]!;
    if (factored?.shift !== shift) {
      if (factored !== undefined) addRows(total, before, factored.factor, dim);
      const factor = factorsOf(scales[tile]!, prepared, reduced);
      const x = addRows(memory.array('factored', batch * dim).fill(0), xData, factor, dim);
      factored = { shift, factor, x };
      before.fill(0);
    }
    await tiles.backward(tile, factored, before, after, gradWeights, gradBias);
    [before, after] = [after, before];
  }
  if (factored !== undefined) addRows(total, before, factored.factor, dim);
  addEmbeddings(loss, x, total, radials(loss, sums, scales, reduced), embeddings);
  const inspection = options.inspect
    ? await inspectTiles(tiles, graph, plan.count, scales, reduced, batch, classes)
    : undefined;
  addTargetGradients(
    loss,
    x,
    points,
    prepared,
    reduced,
    labels,
    { embeddings, weights: gradWeights, bias: gradBias },
    (sample, label, logit, gradient) => {
      if (inspection === undefined) return;
      inspection.logits[sample * classes + label] = logit;
      inspection.gradLogits[sample * classes + label] = gradient;
    },
  );
  const gradEmbeddings = new Float32Array(embeddings);
  if (checkFinite) {
    requireFiniteTensor('gradEmbeddings', gradEmbeddings);
    // On the sphere ∂w_j is at most B·s·|N′|/‖w_j‖, which float32 always holds.
    if (loss.geometry !== 'cosine') requireFiniteTensor('gradWeights', gradWeights);
  }
  return {
    loss: reduced.loss,
    losses: new Float32Array(reduced.losses),
    regulariser: reduced.regulariser,
    gradEmbeddings,
    gradWeights,
    gradBias,
    state: reduced.state,
    diagnostics: headDiagnostics(loss, {
      batch,
      classes,
      negatives: counts.length === 0 ? undefined : mergeCounts(counts),
      meanTargetCosine: meanOf(points.cos),
      pastPiShare: meanOf(prepared.pastPi),
      t: reduced.state.values.t,
      skipped: [...skipped].reduce((total, tile) => total + tiles.range(tile).count, 0),
    }),
    inspection,
  };
}

/** The values in float32. @throws NonFiniteError for a finite float64 that float32 does not hold */
function asFloat32(name: string, values: HeadInput['weights']): Float32Array {
  if (values instanceof Float32Array) return values;
  const out = Float32Array.from(values);
  if (values.some((value, i) => Number.isFinite(value) && !Number.isFinite(out[i])))
    requireFiniteTensor(name, out);
  return out;
}

function reusable(given: Float32Array | undefined, length: number): Float32Array {
  return given?.length === length ? given : new Float32Array(length);
}

/** A tile's sum over the negatives, in float64; nothing where it holds no negative of a sample. */
function logSumExp({ shift, sum }: TileSums): LogSumExp {
  return {
    max: Float64Array.from(shift, (value, i) => (sum[i]! > 0 ? value : Number.NEGATIVE_INFINITY)),
    sum: Float64Array.from(sum),
  };
}

/** e^{shift_i}/Σ_j e^{z_ij}, what turns a tile's e^{z − shift} into probabilities: [B] a tile. */
function shiftScales(sums: readonly TileSums[], { logSumExp }: ReducedBatch): readonly Float64Array[] {
  const known = new Map<Float32Array, Float64Array>();
  return sums.map(({ shift }) => {
    let scale = known.get(shift);
    if (scale === undefined) {
      scale = Float64Array.from(shift, (value, i) =>
        Number.isNaN(value) ? 0 : Math.exp(value - logSumExp[i]!),
      );
      known.set(shift, scale);
    }
    return scale;
  });
}

function factorsOf(scale: Float64Array, prepared: PreparedBatch, reduced: ReducedBatch): Float32Array {
  return Float32Array.from(scale, (value, i) => value * reduced.dNll[i]! * prepared.rowScale[i]!);
}

/** sums_i += factor_i·rows_i, row by row: [B, d]. */
function addRows<Sums extends Float32Array | Float64Array>(
  sums: Sums,
  rows: Float32Array,
  factor: Float32Array,
  dim: number,
): Sums {
  factor.forEach((value, i) => {
    for (let k = i * dim; k < (i + 1) * dim; k++) sums[k]! += value * rows[k]!;
  });
  return sums;
}

/** Σ_j g_ij·N_ij, what the gradient has along x where the row is scaled by the norm: [B]. */
function radials(
  loss: MarginLoss,
  sums: readonly TileSums[],
  scales: readonly Float64Array[],
  reduced: ReducedBatch,
): Float64Array {
  const out = new Float64Array(reduced.dNll.length);
  if (loss.geometry !== 'norm-scaled') return out;
  for (const [tile, { radial }] of sums.entries()) {
    for (let i = 0; i < out.length; i++) out[i]! += radial[i]! * scales[tile]![i]! * reduced.dNll[i]!;
  }
  return out;
}

/** Makes the sum over the class centers tangential to x̂ and divides by ‖x‖. */
function addEmbeddings(
  loss: MarginLoss,
  x: UnitRows,
  sums: Float64Array,
  radial: Float64Array,
  embeddings: Float64Array,
): void {
  const { count, dim, unit } = x;
  for (let i = 0; i < count; i++) {
    const from = i * dim;
    let along = 0;
    if (loss.geometry !== 'inner') for (let k = 0; k < dim; k++) along += sums[from + k]! * unit[from + k]!;
    for (let k = from; k < from + dim; k++) {
      embeddings[k]! += (sums[k]! - along * unit[k]!) * x.inverse[i]! + radial[i]! * unit[k]!;
    }
  }
}

function mergeCounts(counts: readonly NegativeCounts[]): NegativeCounts {
  return {
    hard: counts.reduce((sum, { hard }) => sum + hard, 0),
    emphasised: counts.reduce((sum, { emphasised }) => sum + emphasised, 0),
    minSlope: Math.min(...counts.map(({ minSlope }) => minSlope)),
    maxSlope: Math.max(...counts.map(({ maxSlope }) => maxSlope)),
  };
}

async function inspectTiles(
  tiles: ClassTiles,
  graph: GraphPass,
  count: number,
  scales: readonly Float64Array[],
  reduced: ReducedBatch,
  batch: number,
  classes: number,
): Promise<HeadInspection> {
  const inspection = {
    logits: new Float32Array(batch * classes),
    gradLogits: new Float32Array(batch * classes),
  };
  for (let tile = 0; tile < count; tile++) {
    const { start, count: columns } = tiles.range(tile);
    const { logits, exp } = await tiles.inspect(tile, graph);
    for (let i = 0; i < batch; i++) {
      const factor = scales[tile]![i]! * reduced.dNll[i]!;
      for (let j = 0; j < columns; j++) {
        const at = i * classes + start + j;
        inspection.logits[at] = logits[i * columns + j]!;
        inspection.gradLogits[at] = factor * exp[i * columns + j]!;
      }
    }
  }
  return inspection;
}
