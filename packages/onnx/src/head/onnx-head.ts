import {
  addTargetGradients,
  BackendError,
  checkInput,
  type Head,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  headDiagnostics,
  type MarginLoss,
  marginDraws,
  meanOf,
  mergeLogSumExp,
  type NegativeCounts,
  plainRows,
  prepareBatch,
  reduceBatch,
  requireFiniteTensor,
  requireInteger,
  targetPoints,
  unitRows,
} from '@cf/core';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import type { SessionOpener } from '../runtime/sessions.ts';
import { batchTensors } from './batch-tensors.ts';
import { ClassTiles, type Factored } from './class-tiles.ts';
import { addEmbeddings, addRows, factorsOf } from './factors.ts';
import { GraphPass } from './graph-pass.ts';
import { HeadMemory } from './head-memory.ts';
import { HeadSessions } from './head-sessions.ts';
import { inspectTiles } from './inspect-tiles.ts';
import { NegativeSums } from './negative-sums.ts';
import { type SimdKernel, SimdPass } from './simd-pass.ts';
import { largestSlope, tilesToSkip } from './skip-tiles.ts';
import { type TileLimits, tilePlan } from './tile-plan.ts';

/** What a backend lends to its heads. */
export interface HeadSettings extends TileLimits {
  readonly runtime: OnnxRuntime;
  readonly opener: SessionOpener;
  /** Largest skipped probability of a sample × largest slope; 0 skips nothing. */
  readonly skipBound: number;
}

/**
 * The streaming head on onnxruntime: O(C) work in float32 graphs over tiles of classes, O(B·d) work in core's own
 * functions, in float64. Memory beside the caller's arrays is what pass 1 keeps and a few tiles.
 *
 * @param kernel does the element-wise work of pass 1; without, graphs do.
 * @throws OptionOutOfRangeError if tileSize is not a positive integer
 */
export function onnxHead(
  loss: MarginLoss,
  settings: HeadSettings,
  kernel: SimdKernel | undefined,
  options: HeadOptions,
): Head {
  const { tileSize, checkFinite = true, inspect = false } = options;
  if (tileSize !== undefined) requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  const sessions = new HeadSessions(settings.opener, loss);
  const memory = new HeadMemory();
  let last: Promise<unknown> = Promise.resolve();
  let disposed = false;
  return {
    loss,
    async step(input) {
      if (disposed)
        throw new BackendError('a disposed head', 'a head in use', 'make another with createHead().');
      // One step at a time: steps share the head's memory.
      const run = (): Promise<HeadOutput> =>
        step(loss, input, { settings, sessions, memory, kernel, tileSize, checkFinite, inspect });
      const result = last.then(run, run);
      last = result;
      return result;
    },
    dispose() {
      disposed = true;
      const release = (): void => {
        sessions.dispose();
        memory.clear();
      };
      last.then(release, release);
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

  const plan = tilePlan({ batch, classes, dim }, settings, options.tileSize);
  const tensors = batchTensors(settings.runtime, loss, x, prepared, labels, plan.tileSize);
  const bias = input.bias && asFloat32('bias', input.bias);
  const { runtime } = settings;
  const { sessions, kernel } = options;
  const shared = { runtime, sessions, loss, plan, batch };
  const graph = new GraphPass({ ...shared, tensors }, memory);
  const pass =
    kernel === undefined ? graph : new SimdPass({ ...shared, labels, x: tensors.x, prepared }, kernel);
  const gradWeights = input.gradWeights ?? new Float32Array(classes * dim);
  const tiles = new ClassTiles(
    { ...shared, dim, classes, weights, bias, checkFinite, pass, gradWeights },
    memory,
  );

  const sums = new NegativeSums(memory, batch, plan.count);
  const counts: NegativeCounts[] = [];
  for (let tile = 0; tile < plan.count; tile++) {
    const forward = await tiles.forward(tile, input.countNegatives ?? true);
    sums.add(forward.sums);
    if (forward.counts !== undefined) counts.push(forward.counts);
  }
  const reduced = reduceBatch(
    loss,
    prepared,
    mergeLogSumExp(sums.logSumExps()),
    x.norms,
    sampleWeights,
    state,
    mode,
  );

  sums.complete(reduced.logSumExp);
  const bound = options.inspect ? 0 : settings.skipBound / largestSlope(loss, prepared);
  const skipped = tilesToSkip(plan.count, batch, (tile, sample) => sums.share(tile, sample), bound);
  const gradBias = loss.bias ? new Float32Array(classes) : undefined;
  const embeddings = allocate(batch * dim);
  const total = allocate(batch * dim);
  const xData = tensors.x.data as Float32Array;
  let [before, after] = [memory.array('before', batch * dim), memory.array('after', batch * dim)];
  let factored: (Factored & { readonly shift: Float32Array }) | undefined;
  for (let tile = plan.count - 1; tile >= 0; tile--) {
    if (skipped.has(tile)) {
      tiles.skip(tile);
      continue;
    }
    const shift = sums.shift(tile);
    if (factored?.shift !== shift) {
      if (factored !== undefined) addRows(total, before, factored.factor, dim);
      const factor = factorsOf(sums.scale(tile), prepared, reduced);
      const x = addRows(memory.array('factored', batch * dim).fill(0), xData, factor, dim);
      factored = { shift, factor, x };
      before.fill(0);
    }
    await tiles.backward(tile, factored, before, after, gradBias);
    [before, after] = [after, before];
  }
  if (factored !== undefined) addRows(total, before, factored.factor, dim);
  const radial = sums.radials().map((value, i) => value * reduced.dNll[i]!);
  addEmbeddings(loss, x, total, radial, embeddings);
  const inspection = options.inspect
    ? await inspectTiles(tiles, graph, plan.count, sums, reduced, batch, classes)
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

function mergeCounts(counts: readonly NegativeCounts[]): NegativeCounts {
  return {
    hard: counts.reduce((sum, { hard }) => sum + hard, 0),
    emphasised: counts.reduce((sum, { emphasised }) => sum + emphasised, 0),
    minSlope: Math.min(...counts.map(({ minSlope }) => minSlope)),
    maxSlope: Math.max(...counts.map(({ maxSlope }) => maxSlope)),
  };
}
