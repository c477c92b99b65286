import { logitScale } from '../../losses/logit-scale.ts';
import type { LossState } from '../../losses/loss-state.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import type { SampleValues } from '../../margin/target-margin.ts';
import { type BatchValues, batchOps } from '../../readings/batch.ts';
import { numberOps } from '../../readings/number.ts';
import type { Mode } from '../../weighting/sample-weighting.ts';

/** What the two passes over the classes need to know of each sample. */
export interface PreparedBatch {
  /** Values of each sample, by name, as the loss's formulas read them. */
  readonly sampleValues: readonly SampleValues<number>[];
  /** What the logits of a row are multiplied by ({@link logitScale}): [B]. */
  readonly logitScale: Float64Array;
  /** T and its slopes, before scaling; [B] each. */
  readonly value: Float64Array;
  readonly dCos: Float64Array;
  readonly dNorm: Float64Array;
  readonly pivot: Float64Array;
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
  const { cos, sin } = points;
  const values: Record<string, BatchValues> = {};
  for (const [name, value] of Object.entries(state.values)) values[name] = Float64Array.of(value);
  const prepared = loss.prepare(batchOps, { cosTarget: cos, norm, draws }, values, mode);

  const batch = cos.length;
  const sampleValues = Array.from({ length: batch }, (_, i) => valuesOf(prepared.sampleValues, i));
  const out = {
    sampleValues,
    logitScale: norm.map((length) => logitScale(numberOps, loss, length)),
    value: new Float64Array(batch),
    dCos: new Float64Array(batch),
    dNorm: new Float64Array(batch),
    pivot: new Float64Array(batch),
    pastPi: new Uint8Array(batch),
    next: Object.fromEntries(Object.entries(prepared.next).map(([name, value]) => [name, value[0]!])),
  };
  for (let i = 0; i < batch; i++) {
    const target = loss.target(numberOps, { cos: cos[i]!, sin: sin[i]!, norm: norm[i]! }, sampleValues[i]!);
    out.value[i] = target.value;
    out.dCos[i] = target.dCos;
    out.dNorm[i] = target.dNorm;
    out.pivot[i] = target.pivot;
    out.pastPi[i] = target.pastPi ? 1 : 0;
  }
  return out;
}

function valuesOf(values: SampleValues<BatchValues>, i: number): SampleValues<number> {
  const out: Record<string, number> = {};
  for (const [name, value] of Object.entries(values)) out[name] = value.length === 1 ? value[0]! : value[i]!;
  return out;
}
