import { requireInteger } from '../../errors/check-options.ts';
import { ShapeMismatchError } from '../../errors/errors.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { numberOps } from '../../readings/number.ts';
import { type CheckedInput, checkInput } from '../check-input.ts';
import type { FloatArray, HeadInput, HeadOptions } from '../contract.ts';
import type { SharedTiles } from '../shared-tiles.ts';
import { requireClassValues, requireFirstClass } from './class-values.ts';
import { GradientRowStream } from './gradient-rows.ts';
import type { LogSumExp } from './log-sum-exp.ts';
import { type Meetings, meetingsOf } from './meetings.ts';
import { marginDraws, type PreparedBatch, prepareBatch } from './prepare-batch.ts';
import type { Steps } from './steps.ts';
import { surveyLoss } from './survey.ts';
import { NO_TARGET, type TargetPoints, targetPoints } from './target-points.ts';
import { type Allocate, freshArray, plainRows, type UnitRows, unitRows } from './unit-rows.ts';

/** One batch, opened: everything of it that both passes over the classes read, O(B·d). */
export interface BatchContext extends CheckedInput {
  readonly loss: MarginLoss;
  /** W of this shard: [C·K, d], row c·K + k sub-center k of class c. */
  readonly weights: FloatArray;
  /** b of each class of this shard, [C], where the loss has a bias: one that all share stands there C times. */
  readonly bias: FloatArray | undefined;
  /** Classes of all shards; `classes` is those of this one. */
  readonly allClasses: number;
  /** ε/C, what label smoothing takes off every probability in a gradient; 0 without. */
  readonly uniformShare: number;
  /** What each negative counts for in the sums over the negatives: 1 but where they are a sample of others. */
  readonly negativeWeight: number;
  /** The embeddings, on the unit sphere unless the geometry is `inner`. */
  readonly x: UnitRows;
  /** Where each sample stands to its own class; the tangents are 0 where that is on another shard. */
  readonly points: TargetPoints;
  /** What the loss's formulas read of each sample, and its target. */
  readonly prepared: PreparedBatch;
  /** Of the shards, where there are several. */
  readonly meetings: Meetings | undefined;
  /** Whether hard negatives are to be counted. */
  readonly countNegatives: boolean;
  /** Whether all logits and their gradients are to be returned. */
  readonly inspect: boolean;
  /** An array of the caller's to write ∂W into: [C·K, d]. */
  readonly gradWeights: Float32Array | undefined;
  /** Takes rows of ∂W from `first` on, [n, d] of them, so that no array need hold them all; where somebody waits for them. */
  readonly takeRows: ((first: number, values: FloatArray) => void) | undefined;
  /** Where `takeRows` leads. */
  readonly rowStream: GradientRowStream | undefined;
  /** Of this X and W, where other heads step over them, too. */
  readonly sharedTiles: SharedTiles | undefined;
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
  /** Takes the log-sum-exp of the negatives of a batch before the passes, for the losses that ask for it. */
  readonly survey: (batch: BatchContext) => Steps<LogSumExp>;
}

/**
 * Checks a batch and computes all of it that comes before the classes: target cosines, then, where shards have met, the
 * loss's statistics (t among them) and the target logits.
 *
 * @throws ShapeMismatchError, LabelOutOfRangeError, NonFiniteError, OptionOutOfRangeError, StateMismatchError
 */
export function* openBatch(step: OpenBatch): Steps<BatchContext> {
  const { loss, input, options, checksWeights = false, allocate = freshArray } = step;
  const { checkFinite = true, inspect = false, communicator, subCenters = 1, firstClass = 0 } = options;
  requireInteger('subCenters', subCenters, 1, Number.MAX_SAFE_INTEGER);
  requireInteger('firstClass', firstClass, 0, Number.MAX_SAFE_INTEGER);
  const sharded = communicator !== undefined;
  const meetings = communicator && meetingsOf(communicator);
  const checked = checkInput(loss, input, { checkFinite, checksWeights, sharded, subCenters, inspect });
  const { batch, classes, dim, labels, sampleKeys, state, mode } = checked;
  const { weights } = input;
  const bias = biasOfClasses(loss, input.bias, classes);
  const x = (loss.geometry === 'inner' ? plainRows : unitRows)(input.embeddings, dim, 0, batch, allocate);
  const points = targetPoints({ loss, x, weights, bias, labels, subCenters, allocate });
  const { sampled } = input;
  if (sampled !== undefined && sampled.ids.length !== classes)
    throw new ShapeMismatchError(
      `sampled.ids of length ${sampled.ids.length}`,
      `[${classes}], one a class of W`,
    );
  const classOf = (label: number): number => firstClass + (sampled ? sampled.ids[label]! : label);
  const allLabels = Float64Array.from(labels, (label) => (label === NO_TARGET ? 0 : classOf(label)));
  const besideLogit = loss.objective.kind === 'binary' ? biasOfSamples(bias, labels) : undefined;
  const ofSamples = [points.cos, points.sin, allLabels, ...(besideLogit ? [besideLogit] : [])];
  const weight = sampled?.weight ?? 1;
  const standFor = sampled?.standFor ?? classes;
  const allClasses = meetings ? yield* meetings.targets(ofSamples, labels, standFor) : standFor;
  const ofTables = sampled?.classes ?? allClasses;
  requireClassValues(loss, ofTables, state);
  requireFirstClass(options, { classes, allClasses: ofTables });
  const draws = marginDraws(loss, state, mode, sampleKeys, input.draws);
  const rowStream =
    input.gradientTaker &&
    new GradientRowStream(
      { loss, dim, count: weights.length / dim, targets: points.rows, checkFinite },
      input.gradientTaker,
    );
  const before = {
    loss,
    points,
    norm: x.norms,
    draws,
    state,
    mode,
    classes: allClasses,
    ofTables,
    labels: allLabels,
  };
  const context = {
    ...checked,
    loss,
    weights,
    bias,
    allClasses,
    uniformShare:
      loss.objective.kind === 'softmax' ? (weight * loss.objective.labelSmoothing) / allClasses : 0,
    negativeWeight: weight,
    x,
    points,
    meetings,
    countNegatives: input.countNegatives ?? true,
    inspect,
    gradWeights: input.gradWeights,
    takeRows: rowStream?.take,
    rowStream,
    sharedTiles: input.sharedTiles?.isOf(input) ? input.sharedTiles : undefined,
  };
  let surveyed: LogSumExp | undefined;
  if (loss.surveyScale !== undefined && mode === 'train') {
    const scale = loss.surveyScale(numberOps, state.values, allClasses);
    const prepared = prepareBatch({ ...before, loss: { ...surveyLoss, scale }, draws: undefined });
    const plain = { loss: surveyLoss, bias: undefined, countNegatives: false, inspect: false, prepared };
    surveyed = yield* step.survey({ ...context, ...plain });
  }
  return { ...context, prepared: prepareBatch({ ...before, bias: besideLogit, surveyed }) };
}

/** b of every class: [C]. */
function biasOfClasses(
  loss: MarginLoss,
  bias: FloatArray | undefined,
  classes: number,
): FloatArray | undefined {
  if (bias === undefined || loss.bias?.of === 'each class') return bias;
  const of = bias instanceof Float32Array ? new Float32Array(classes) : new Float64Array(classes);
  return of.fill(bias[0]!);
}

function biasOfSamples(bias: FloatArray | undefined, labels: Int32Array): Float64Array | undefined {
  return bias && Float64Array.from(labels, (label) => (label === NO_TARGET ? 0 : bias[label]!));
}
