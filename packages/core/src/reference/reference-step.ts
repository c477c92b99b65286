import { requireInteger } from '../errors/check-options.ts';
import type { HeadInput, HeadOptions, HeadOutput } from '../head/contract.ts';
import { type ClassPasses, type HeadStep, headStep } from '../head/phases/head-step.ts';
import type { BatchContext } from '../head/phases/open-batch.ts';
import { runNow } from '../head/phases/steps.ts';
import { requireHead } from '../head/require-head.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import type { BinaryObjective } from '../objective/objective.ts';
import { negativeGradients, pairsInOnePass } from './gradients.ts';
import { seeNegatives } from './negatives.ts';
import { tileStream } from './tiles.ts';

const DEFAULT_TILE = 2048;

/**
 * The reference head: value, per-sample losses, ∂X, ∂W, next state and diagnostics of one batch, in float64.
 *
 * It streams over tiles of classes and never holds a B × C matrix. Every other head is measured against it.
 *
 * @throws ShapeMismatchError, LabelOutOfRangeError, NonFiniteError, OptionOutOfRangeError, StateMismatchError
 */
export function referenceStep(
  loss: MarginLoss,
  input: HeadInput,
  options: Omit<HeadOptions, 'communicator'> = {},
): HeadOutput {
  return runNow(headStep(referenceHeadStep(loss, input, options)));
}

/** What a step of the reference is made of. */
export function referenceHeadStep(loss: MarginLoss, input: HeadInput, options: HeadOptions): HeadStep {
  requireHead(loss, options);
  const { tileSize = DEFAULT_TILE } = options;
  requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  return { loss, input, options, precision: 'float64', passes: (batch) => passesOver(batch, tileSize) };
}

function passesOver(batch: BatchContext, tileSize: number): ClassPasses {
  const stream = tileStream(batch, tileSize);
  const { objective } = batch.loss;
  return {
    negatives: () => seeNegatives(batch, stream),
    gradients: (reduced) => negativeGradients(batch, stream, reduced),
    pairs: (dNll) => pairsInOnePass(batch, objective as BinaryObjective, stream, dNll),
  };
}
