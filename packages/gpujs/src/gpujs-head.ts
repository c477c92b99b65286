import {
  addTargetGradients,
  checkInput,
  type Head,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  headDiagnostics,
  type LogSumExp,
  type MarginLoss,
  marginDraws,
  meanOf,
  plainRows,
  prepareBatch,
  reduceBatch,
  requireFiniteTensor,
  requireInteger,
  targetPoints,
  unitRows,
} from '@cf/core';
import { bothPasses } from './both-passes.ts';
import { ClassTiles } from './class-tiles.ts';
import type { GradientTotals } from './gradient-pass.ts';
import { type HeadKernels, headKernels } from './kernels/head-kernels.ts';
import type { KernelSet } from './kernels/kernel-set.ts';
import { readsLosses } from './reads-losses.ts';
import type { StepContext } from './step-context.ts';

/** The least texture side that WebGL 2 guarantees. */
const DEFAULT_TILE = 2048;

/**
 * A head whose work over the classes is done by kernels of gpu.js, in float32; what is O(B·d) is done by core's own
 * functions, in float64.
 *
 * @throws OptionOutOfRangeError if tileSize is not a positive integer
 */
export function gpujsHead(loss: MarginLoss, set: KernelSet, options: HeadOptions): Head {
  const { tileSize = DEFAULT_TILE, checkFinite = true, inspect = false } = options;
  requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  const kernels = headKernels(loss);
  const settings = { tileSize, checkFinite, inspect };
  return {
    loss,
    step: (input) => step(loss, set, kernels, input, settings),
    dispose: () => set.dispose(),
  };
}

async function step(
  loss: MarginLoss,
  set: KernelSet,
  kernels: HeadKernels,
  input: HeadInput,
  options: Required<HeadOptions>,
): Promise<HeadOutput> {
  const { weights, bias } = input;
  const { batch, classes, dim, labels, sampleWeights, sampleKeys, state, mode } = checkInput(
    loss,
    input,
    options.checkFinite,
  );
  const x = (loss.geometry === 'inner' ? plainRows : unitRows)(input.embeddings, dim, 0, batch);
  const points = targetPoints(loss, x, weights, bias, labels);
  const draws = marginDraws(loss, state, mode, sampleKeys, input.draws);
  const prepared = prepareBatch(loss, points.cos, points.sin, x.norms, draws, state, mode);

  const { tileSize } = options;
  const tiles = await ClassTiles.open({ loss, set, kernels, x, weights, bias, tileSize });
  const context: StepContext = { loss, set, kernels, tiles, x, labels, prepared };
  try {
    const totals = emptyTotals(loss, batch, classes, dim, options.inspect, input.gradWeights);
    const passes = {
      // A second read-back only where G looks at the losses themselves: focal, OHEM, self-paced.
      waitForLosses: readsLosses(loss.weighting, mode),
      countNegatives: input.countNegatives ?? true,
      reduce: (negatives: LogSumExp) =>
        reduceBatch(loss, prepared, negatives, x.norms, sampleWeights, state, mode),
    };
    const { reduced, hard } = await bothPasses(context, passes, totals);
    addTargetGradients(
      loss,
      x,
      points,
      prepared,
      reduced,
      labels,
      totals,
      (sample, label, logit, gradient) => {
        if (totals.inspection === undefined) return;
        totals.inspection.logits[sample * classes + label] = logit;
        totals.inspection.gradLogits[sample * classes + label] = gradient;
      },
    );
    const output = {
      loss: reduced.loss,
      losses: new Float32Array(reduced.losses),
      gradEmbeddings: new Float32Array(totals.embeddings),
      gradWeights: totals.weights,
      gradBias: totals.bias,
    };
    if (options.checkFinite) requireFiniteOutput(output);
    return {
      ...output,
      regulariser: reduced.regulariser,
      state: reduced.state,
      diagnostics: headDiagnostics(loss, {
        batch,
        classes,
        negatives: hard,
        meanTargetCosine: meanOf(points.cos),
        pastPiShare: meanOf(prepared.pastPi),
        t: reduced.state.values.t,
      }),
      inspection: totals.inspection,
    };
  } finally {
    tiles.dispose();
  }
}

/** Finds where finite input has overflowed; after rounding, which may make an infinity. */
function requireFiniteOutput(
  output: Pick<HeadOutput, 'loss' | 'losses' | 'gradEmbeddings' | 'gradWeights' | 'gradBias'>,
): void {
  requireFiniteTensor('losses', output.losses);
  requireFiniteTensor('loss', [output.loss]);
  requireFiniteTensor('gradEmbeddings', output.gradEmbeddings);
  requireFiniteTensor('gradWeights', output.gradWeights);
  if (output.gradBias !== undefined) requireFiniteTensor('gradBias', output.gradBias);
}

function emptyTotals(
  loss: MarginLoss,
  batch: number,
  classes: number,
  dim: number,
  inspect: boolean,
  gradWeights: Float32Array | undefined,
): GradientTotals {
  return {
    embeddings: new Float64Array(batch * dim),
    // Every row is written.
    weights: gradWeights ?? new Float32Array(classes * dim),
    bias: loss.bias ? new Float32Array(classes) : undefined,
    inspection: inspect
      ? { logits: new Float32Array(batch * classes), gradLogits: new Float32Array(batch * classes) }
      : undefined,
  };
}
