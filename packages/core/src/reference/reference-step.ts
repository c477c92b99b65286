import { requireInteger } from '../errors/check-options.ts';
import { checkInput } from '../head/check-input.ts';
import type { HeadInput, HeadInspection, HeadOptions, HeadOutput } from '../head/contract.ts';
import { headDiagnostics, meanOf } from '../head/diagnostics.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { addGradients } from './gradients.ts';
import { HardNegativeCounter } from './hard-negatives.ts';
import { negativeLogSumExp } from './log-sum-exp.ts';
import { marginDraws, prepareBatch } from './prepare-batch.ts';
import { reduceBatch } from './reduce-batch.ts';
import type { LogitVisitor } from './target-gradients.ts';
import { targetPoints } from './target-points.ts';
import { tileStream } from './tiles.ts';
import { plainRows, unitRows } from './unit-rows.ts';

const DEFAULT_TILE = 2048;

/**
 * The reference head: value, per-sample losses, ∂X, ∂W, next state and diagnostics of one batch, in float64.
 *
 * It streams over tiles of classes and never holds a B × C matrix. Every other head is measured against it.
 *
 * @throws ShapeMismatchError, LabelOutOfRangeError, NonFiniteError, OptionOutOfRangeError, StateMismatchError
 */
export function referenceStep(loss: MarginLoss, input: HeadInput, options: HeadOptions = {}): HeadOutput {
  const { tileSize = DEFAULT_TILE, checkFinite = true, inspect = false } = options;
  requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  const checked = checkInput(loss, input, checkFinite);
  const { batch, classes, dim, labels, sampleWeights, sampleKeys, state, mode } = checked;
  const { embeddings, weights, bias } = input;
  const x = (loss.geometry === 'inner' ? plainRows : unitRows)(embeddings, dim, 0, batch);
  const stream = tileStream(loss.geometry, x, weights, bias, tileSize);
  const points = targetPoints(loss, x, weights, bias, labels);
  const draws = marginDraws(loss, state, mode, sampleKeys, input.draws);
  const prepared = prepareBatch(loss, points.cos, points.sin, x.norms, draws, state, mode);

  const counter = new HardNegativeCounter();
  const negatives = negativeLogSumExp(loss, stream, prepared, labels, counter);
  const reduced = reduceBatch(loss, prepared, negatives, x.norms, sampleWeights, state, mode);

  const sums = {
    embeddings: new Float64Array(batch * dim),
    weights: new Float64Array(classes * dim),
    bias: loss.bias ? new Float64Array(classes) : undefined,
  };
  const inspection = inspect ? emptyInspection(batch, classes) : undefined;
  const visit = inspection && recorder(inspection, classes);
  addGradients(loss, x, stream, points, prepared, reduced, labels, sums, visit);
  return {
    loss: reduced.loss,
    losses: reduced.losses,
    regulariser: reduced.regulariser,
    gradEmbeddings: sums.embeddings,
    gradWeights: sums.weights,
    gradBias: sums.bias,
    state: reduced.state,
    diagnostics: headDiagnostics(loss, {
      batch,
      classes,
      negatives: counter,
      meanTargetCosine: meanOf(points.cos),
      pastPiShare: meanOf(prepared.pastPi),
      t: reduced.state.values.t,
    }),
    inspection,
  };
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
