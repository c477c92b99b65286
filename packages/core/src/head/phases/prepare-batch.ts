import type { MarginLoss } from '../../losses/margin-loss.ts';
import type { SampleValues } from '../../margin/target-margin.ts';
import {
  type BatchMask,
  type BatchValues,
  batchOps,
  perSample,
  sampleAt,
  scalarsOf,
} from '../../readings/batch.ts';
import type { LossState } from '../../state/loss-state.ts';
import type { Mode } from '../../weighting/sample-weighting.ts';
import { type ClassBatch, classValuesOf, nextClassValues } from './class-values.ts';
import { type PreparedTarget, prepareSamples, targetOfSums } from './formulas/prepare-samples.ts';
import type { LogSumExp } from './log-sum-exp.ts';

/** The target of each sample, [B] each. */
export interface TargetBatch {
  /** T and its slopes, before scaling. */
  readonly value: Float64Array;
  readonly dCos: Float64Array;
  readonly dNorm: Float64Array;
  readonly pivot: Float64Array;
  /** [B], or one entry for all samples. */
  readonly pastPi: Uint8Array;
  /** z_y. */
  readonly targetLogit: Float64Array;
}

/** What the two passes over the classes need to know of each sample. */
export interface PreparedBatch extends TargetBatch {
  /** Values of each sample, by name, as the loss's formula of the negatives reads them. */
  readonly sampleValues: readonly SampleValues<number>[];
  /** What the logits of a row are multiplied by (`logitScale`): [B]. */
  readonly logitScale: Float64Array;
  /** The loss's part of the state after this step. */
  readonly next: Readonly<Record<string, number>>;
  /** What the loss carries of classes after it; undefined where that is nothing. */
  readonly nextClassValues: LossState['classValues'];
  /** The target once pass 1 has taken the sums that it may need. */
  readonly completed: (sums: Readonly<Record<string, Float64Array>>) => TargetBatch;
}

/** The margins of this step, if the loss draws any: the caller's, or seeded ones. */
export function marginDraws(
  loss: MarginLoss,
  state: LossState,
  mode: Mode,
  sampleKeys: ArrayLike<number>,
  given: ArrayLike<number> | undefined,
): Float64Array | undefined {
  if (loss.draws === undefined || mode === 'eval') return undefined;
  if (given !== undefined) return Float64Array.from(given);
  return loss.draws(state.values.step!, sampleKeys);
}

/** What {@link prepareBatch} is given: of the whole batch, wherever its classes are. */
export interface PrepareBatch extends ClassBatch {
  readonly loss: MarginLoss;
  /** cos θ_y and sin θ_y: [B]. */
  readonly points: { readonly cos: Float64Array; readonly sin: Float64Array };
  /** ‖x‖: [B]. */
  readonly norm: Float64Array;
  readonly draws: Float64Array | undefined;
  /** C, the length of what a loss carries of classes: that of `classes` by default, more where these are a sample. */
  readonly ofTables?: number;
  /** b of each sample's class, where a binary objective has one: [B]. */
  readonly bias?: Float64Array | undefined;
  /** What the survey has found, where there was one. */
  readonly surveyed?: LogSumExp | undefined;
}

/** Runs the loss's statistics and target formula on the target cosines of the whole batch: O(B). */
export function prepareBatch(given: PrepareBatch): PreparedBatch {
  const { loss, norm, labels, bias, surveyed } = given;
  const batch = norm.length;
  const samples = {
    ...given,
    ...given.points,
    ofClass: classValuesOf(loss, labels, given.state),
    bias,
    surveyed,
    state: scalarsOf(given.state.values),
    classes: Float64Array.of(given.classes),
  };
  const prepared = prepareSamples(batchOps, loss, samples);
  const { sampleValues, next, logitScale } = prepared;
  return {
    ...targetBatch(prepared, batch),
    sampleValues: Array.from({ length: batch }, (_, i) => sampleAt(sampleValues, i)),
    logitScale: perSample(logitScale, batch),
    next: sampleAt(next, 0),
    nextClassValues: nextClassValues(
      loss,
      { ...given, classes: given.ofTables ?? given.classes },
      prepared.nextOfClass,
    ),
    completed: (sums) =>
      targetBatch(
        loss.negativeSums === undefined ? prepared : targetOfSums(batchOps, loss, samples, prepared, sums),
        batch,
      ),
  };
}

function targetBatch(
  { target, targetLogit }: PreparedTarget<BatchValues, BatchMask>,
  batch: number,
): TargetBatch {
  return {
    value: perSample(target.value, batch),
    dCos: perSample(target.dCos, batch),
    dNorm: perSample(target.dNorm, batch),
    pivot: perSample(target.pivot, batch),
    pastPi: target.pastPi,
    targetLogit: perSample(targetLogit, batch),
  };
}
