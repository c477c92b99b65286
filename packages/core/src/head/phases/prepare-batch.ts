import type { MarginLoss } from '../../losses/margin-loss.ts';
import type { SampleValues } from '../../margin/target-margin.ts';
import { batchOps, perSample, sampleAt, scalarsOf } from '../../readings/batch.ts';
import type { LossState } from '../../state/loss-state.ts';
import type { Mode } from '../../weighting/sample-weighting.ts';
import { prepareSamples } from './formulas/prepare-samples.ts';

/** What the two passes over the classes need to know of each sample. */
export interface PreparedBatch {
  /** Values of each sample, by name, as the loss's formulas read them. */
  readonly sampleValues: readonly SampleValues<number>[];
  /** What the logits of a row are multiplied by (`logitScale`): [B]. */
  readonly logitScale: Float64Array;
  /** T and its slopes, before scaling; [B] each. */
  readonly value: Float64Array;
  readonly dCos: Float64Array;
  readonly dNorm: Float64Array;
  readonly pivot: Float64Array;
  /** [B], or one entry for all samples. */
  readonly pastPi: Uint8Array;
  /** The loss's part of the state after this step. */
  readonly next: Readonly<Record<string, number>>;
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
export interface PrepareBatch {
  readonly loss: MarginLoss;
  /** cos θ_y and sin θ_y: [B]. */
  readonly points: { readonly cos: Float64Array; readonly sin: Float64Array };
  /** ‖x‖: [B]. */
  readonly norm: Float64Array;
  readonly draws: Float64Array | undefined;
  readonly state: LossState;
  readonly mode: Mode;
}

/** Runs the loss's statistics and target formula on the target cosines of the whole batch: O(B). */
export function prepareBatch({ loss, points, norm, draws, state, mode }: PrepareBatch): PreparedBatch {
  const batch = norm.length;
  const { cos, sin } = points;
  const samples = { cos, sin, norm, draws, state: scalarsOf(state.values), mode };
  const { sampleValues, next, logitScale, target } = prepareSamples(batchOps, loss, samples);
  return {
    sampleValues: Array.from({ length: batch }, (_, i) => sampleAt(sampleValues, i)),
    logitScale: perSample(logitScale, batch),
    value: perSample(target.value, batch),
    dCos: perSample(target.dCos, batch),
    dNorm: perSample(target.dNorm, batch),
    pivot: perSample(target.pivot, batch),
    pastPi: target.pastPi,
    next: sampleAt(next, 0),
  };
}
