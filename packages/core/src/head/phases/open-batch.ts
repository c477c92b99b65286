import type { MarginLoss } from '../../losses/margin-loss.ts';
import { type CheckedInput, checkInput } from '../check-input.ts';
import type { FloatArray, HeadInput, HeadOptions } from '../contract.ts';
import type { Communicator } from './communicator.ts';
import { marginDraws, type PreparedBatch, prepareBatch } from './prepare-batch.ts';
import type { Steps } from './steps.ts';
import { type TargetPoints, targetPoints } from './target-points.ts';
import { type Allocate, freshArray, plainRows, type UnitRows, unitRows } from './unit-rows.ts';

/** One batch, opened: everything of it that both passes over the classes read, O(B·d). */
export interface BatchContext extends CheckedInput {
  readonly loss: MarginLoss;
  /** W of this shard, one row a class: [C, d]. */
  readonly weights: FloatArray;
  /** b of this shard: [C], where the loss has a bias. */
  readonly bias: FloatArray | undefined;
  /** Classes of all shards; `classes` is those of this one. */
  readonly allClasses: number;
  /** The embeddings, on the unit sphere unless the geometry is `inner`. */
  readonly x: UnitRows;
  /** Where each sample stands to its own class; the tangents are 0 where that is on another shard. */
  readonly points: TargetPoints;
  /** What the loss's formulas read of each sample, and its target. */
  readonly prepared: PreparedBatch;
  readonly communicator: Communicator | undefined;
  /** Whether hard negatives are to be counted. */
  readonly countNegatives: boolean;
  /** Whether all logits and their gradients are to be returned. */
  readonly inspect: boolean;
  /** An array of the caller's to write ∂W into: [C, d]. */
  readonly gradWeights: Float32Array | undefined;
}

/** What a batch is opened with. */
export interface OpenBatch {
  readonly loss: MarginLoss;
  readonly input: HeadInput;
  readonly options: HeadOptions;
  /** The backend looks for non-finite class centers itself. Default false. */
  readonly checksWeights?: boolean;
  /** Where arrays of the batch come from. */
  readonly allocate?: Allocate;
}

/**
 * Checks a batch and computes all of it that comes before the classes: target cosines, then, where shards have met, the
 * loss's statistics (t among them) and the target logits.
 *
 * @throws ShapeMismatchError, LabelOutOfRangeError, NonFiniteError, OptionOutOfRangeError, StateMismatchError
 */
export function* openBatch(step: OpenBatch): Steps<BatchContext> {
  const { loss, input, options, checksWeights = false, allocate = freshArray } = step;
  const { checkFinite = true, inspect = false, communicator } = options;
  const sharded = communicator !== undefined;
  const checked = checkInput(loss, input, { checkFinite, checksWeights, sharded });
  const { batch, dim, labels, sampleKeys, state, mode } = checked;
  const { weights, bias } = input;
  const x = (loss.geometry === 'inner' ? plainRows : unitRows)(input.embeddings, dim, 0, batch, allocate);
  const points = targetPoints(loss, x, weights, bias, labels, allocate);
  const { classes } = checked;
  const allClasses = communicator ? yield* communicator.targets(points, labels, classes) : classes;
  const draws = marginDraws(loss, state, mode, sampleKeys, input.draws);
  const prepared = prepareBatch({ loss, points, norm: x.norms, draws, state, mode });
  return {
    ...checked,
    loss,
    weights,
    bias,
    allClasses,
    x,
    points,
    prepared,
    communicator,
    countNegatives: input.countNegatives ?? true,
    inspect,
    gradWeights: input.gradWeights,
  };
}
