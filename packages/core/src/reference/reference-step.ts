import { requireInteger } from '../errors/check-options.ts';
import { ShapeMismatchError } from '../errors/errors.ts';
import { type CheckedInput, checkInput } from '../head/check-input.ts';
import type { HeadInput, HeadInspection, HeadOptions, HeadOutput } from '../head/contract.ts';
import { headDiagnostics, meanOf } from '../head/diagnostics.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { addGradients } from './gradients.ts';
import { HardNegativeCounter } from './hard-negatives.ts';
import { type LogSumExp, negativeLogSumExp } from './log-sum-exp.ts';
import { marginDraws, type PreparedBatch, prepareBatch } from './prepare-batch.ts';
import { type ReducedBatch, reduceBatch } from './reduce-batch.ts';
import type { GradientSums, LogitVisitor } from './target-gradients.ts';
import { type TargetPoints, targetPoints } from './target-points.ts';
import { type TileStream, tileStream } from './tiles.ts';
import { plainRows, type UnitRows, unitRows } from './unit-rows.ts';

const DEFAULT_TILE = 2048;

/**
 * The reference head: value, per-sample losses, ∂X, ∂W, next state and diagnostics of one batch, in float64.
 *
 * It streams over tiles of classes and never holds a B × C matrix. Every other head is measured against it.
 *
 * @throws ShapeMismatchError, LabelOutOfRangeError, NonFiniteError, OptionOutOfRangeError, StateMismatchError
 */
export function referenceStep(loss: MarginLoss, input: HeadInput, options: HeadOptions = {}): HeadOutput {
  const { outputs, gradWeights, gradBias, ...shared } = accumulatedStep(loss, [input], options);
  return { ...shared, ...outputs[0]!, gradWeights, gradBias };
}

/** One optimiser step over several micro-batches. */
export interface AccumulatedOutput extends Omit<HeadOutput, 'losses' | 'gradEmbeddings' | 'inspection'> {
  /** What belongs to each micro-batch, in their order. */
  readonly outputs: readonly Pick<HeadOutput, 'losses' | 'gradEmbeddings' | 'inspection'>[];
}

/**
 * Gradient accumulation: one optimiser step over micro-batches that share the class centers, exactly as if they were
 * one batch. t and every other statistic move once, from all of them, before any loss is computed; OHEM chooses
 * among all samples; losses and gradients are of the mean over all.
 *
 * @param inputs micro-batches with the same weights, bias, state and mode; sizes may differ.
 * @throws ShapeMismatchError if they do not share these, and as {@link referenceStep}
 */
export function accumulatedStep(
  loss: MarginLoss,
  inputs: readonly HeadInput[],
  options: HeadOptions = {},
): AccumulatedOutput {
  const { tileSize = DEFAULT_TILE, checkFinite = true, inspect = false } = options;
  requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  requireShared(inputs);
  const parts = inputs.map((input, index) => openPart(loss, input, tileSize, checkFinite, index, inputs));
  const { state, mode, classes, dim } = parts[0]!.checked;

  const cos = concatenate(parts.map((part) => part.points.cos));
  const sin = concatenate(parts.map((part) => part.points.sin));
  const norm = concatenate(parts.map((part) => part.x.norms));
  const drawn = parts.map((part) => part.draws);
  const draws = drawn[0] === undefined ? undefined : concatenate(drawn as Float64Array[]);
  const prepared = prepareBatch(loss, cos, sin, norm, draws, state, mode);

  const counter = new HardNegativeCounter();
  const ranges = rangesOf(parts.map((part) => part.checked.batch));
  const preparedParts = ranges.map(([from, to]) => slicePrepared(prepared, from, to));
  const negatives = mergeSamples(
    parts.map((part, p) =>
      negativeLogSumExp(loss, part.stream, preparedParts[p]!, part.checked.labels, counter),
    ),
  );
  const sampleWeights = concatenate(parts.map((part) => part.checked.sampleWeights));
  const reduced = reduceBatch(loss, prepared, negatives, norm, sampleWeights, state, mode);

  const gradWeights = new Float64Array(classes * dim);
  const gradBias = loss.bias ? new Float64Array(classes) : undefined;
  const outputs = parts.map((part, p) => {
    const [from, to] = ranges[p]!;
    const sums: GradientSums = {
      embeddings: new Float64Array((to - from) * dim),
      weights: gradWeights,
      bias: gradBias,
    };
    const inspection = inspect ? emptyInspection(to - from, classes) : undefined;
    addGradients(
      loss,
      part.x,
      part.stream,
      part.points,
      preparedParts[p]!,
      sliceReduced(reduced, from, to),
      part.checked.labels,
      sums,
      inspection && recorder(inspection, classes),
    );
    return { losses: reduced.losses.slice(from, to), gradEmbeddings: sums.embeddings, inspection };
  });
  return {
    loss: reduced.loss,
    regulariser: reduced.regulariser,
    gradWeights,
    gradBias,
    state: reduced.state,
    diagnostics: headDiagnostics(loss, {
      batch: cos.length,
      classes,
      negatives: counter,
      meanTargetCosine: meanOf(cos),
      pastPiShare: meanOf(prepared.pastPi),
      t: reduced.state.values.t,
    }),
    outputs,
  };
}

interface Part {
  readonly checked: CheckedInput;
  readonly x: UnitRows;
  readonly stream: TileStream;
  readonly points: TargetPoints;
  readonly draws: Float64Array | undefined;
}

function openPart(
  loss: MarginLoss,
  input: HeadInput,
  tileSize: number,
  checkFinite: boolean,
  index: number,
  inputs: readonly HeadInput[],
): Part {
  const checked = checkInput(loss, keyed(input, index, inputs), checkFinite);
  const rowsOf = loss.geometry === 'inner' ? plainRows : unitRows;
  const x = rowsOf(input.embeddings, checked.dim, 0, checked.batch);
  return {
    checked,
    x,
    stream: tileStream(loss.geometry, x, input.weights, input.bias, tileSize),
    points: targetPoints(loss, x, input.weights, input.bias, checked.labels),
    draws: marginDraws(loss, checked.state, checked.mode, checked.sampleKeys, input.draws),
  };
}

/** Samples without a key of their own are keyed by their position in the whole batch. */
function keyed(input: HeadInput, index: number, inputs: readonly HeadInput[]): HeadInput {
  if (input.sampleKeys !== undefined) return input;
  const before = inputs.slice(0, index).reduce((sum, { labels }) => sum + labels.length, 0);
  return { ...input, sampleKeys: Float64Array.from({ length: input.labels.length }, (_, i) => before + i) };
}

function requireShared(inputs: readonly HeadInput[]): void {
  if (inputs.length === 0)
    throw new ShapeMismatchError('0 micro-batches', 'at least one', 'pass one input a micro-batch.');
  for (const [index, input] of inputs.entries()) {
    for (const name of ['weights', 'bias', 'dim', 'state', 'mode'] as const) {
      if (shares(name, input, inputs[0]!)) continue;
      throw new ShapeMismatchError(
        `another ${name} in micro-batch ${index}`,
        `the same ${name} in all`,
        'build all inputs from one step.',
      );
    }
  }
}

function shares(name: 'weights' | 'bias' | 'dim' | 'state' | 'mode', a: HeadInput, b: HeadInput): boolean {
  if (name === 'mode') return (a.mode ?? 'train') === (b.mode ?? 'train');
  if (name === 'state') return JSON.stringify(a.state) === JSON.stringify(b.state);
  return a[name] === b[name];
}

function emptyInspection(
  batch: number,
  classes: number,
): HeadInspection & { logits: Float64Array; gradLogits: Float64Array } {
  return { logits: new Float64Array(batch * classes), gradLogits: new Float64Array(batch * classes) };
}

function recorder(inspection: HeadInspection, classes: number): LogitVisitor {
  return (sample, label, logit, gradient) => {
    inspection.logits[sample * classes + label] = logit;
    inspection.gradLogits[sample * classes + label] = gradient;
  };
}

function rangesOf(sizes: readonly number[]): [number, number][] {
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return [end - size, end];
  });
}

function slicePrepared(prepared: PreparedBatch, from: number, to: number): PreparedBatch {
  return {
    rows: prepared.rows.slice(from, to),
    rowScale: prepared.rowScale.subarray(from, to),
    value: prepared.value.subarray(from, to),
    dCos: prepared.dCos.subarray(from, to),
    dNorm: prepared.dNorm.subarray(from, to),
    pivot: prepared.pivot.subarray(from, to),
    pastPi: prepared.pastPi.subarray(from, to),
    next: prepared.next,
  };
}

function sliceReduced(reduced: ReducedBatch, from: number, to: number): ReducedBatch {
  return {
    ...reduced,
    losses: reduced.losses.subarray(from, to),
    dNll: reduced.dNll.subarray(from, to),
    dNormOfRegulariser: reduced.dNormOfRegulariser.subarray(from, to),
    logSumExp: reduced.logSumExp.subarray(from, to),
    miss: reduced.miss.subarray(from, to),
  };
}

function mergeSamples(parts: readonly LogSumExp[]): LogSumExp {
  return { max: concatenate(parts.map((part) => part.max)), sum: concatenate(parts.map((part) => part.sum)) };
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0]!;
  const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
