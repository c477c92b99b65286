import { requireFinite, requireRange } from '../errors/check-options.ts';
import { UnknownNameError } from '../errors/errors.ts';
import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import type { BatchOps, TensorOps } from '../ops/tensor-ops.ts';
import { numberOps } from '../readings/number.ts';

/**
 * Weights of the new batch in the moving average t ← α·r + (1 − α)·t that the sources give.
 *
 * - `official` 0.01: the CurricularFace authors' released code (half-life 69 steps). The default.
 * - `paper` 0.99: as printed (Huang et al. 2020, eq. 7 and section 3.3); r replaces t almost at once.
 * - `tface` 0.1: Tencent's TFace (half-life 6.6 steps).
 */
export const EMA_PRESETS: Readonly<Record<'official' | 'paper' | 'tface', number>> = {
  official: 0.01,
  paper: 0.99,
  tface: 0.1,
};

export type EmaPreset = keyof typeof EMA_PRESETS;

/**
 * One step of an exponential moving average: α·observation + (1 − α)·previous.
 *
 * @param alpha weight of the new observation.
 */
export function ema<T, M>(ops: TensorOps<T, M>, previous: T, observation: T, alpha: T): T {
  return ops.add(ops.mul(alpha, observation), ops.mul(ops.sub(ops.constant(1), alpha), previous));
}

/** Mean over the batch: [B] → scalar. */
export function batchMean<T, M>(ops: BatchOps<T, M>, values: T): T {
  return ops.div(ops.sum(values), ops.max(ops.count(values), ops.constant(1)));
}

/** The α that a preset or a number stands for. @throws OptionOutOfRangeError unless 0 ≤ α ≤ 1, UnknownNameError */
export function emaWeight(alpha: EmaPreset | number): number {
  if (typeof alpha === 'string' && !Object.hasOwn(EMA_PRESETS, alpha)) {
    throw new UnknownNameError('preset of alpha', alpha, Object.keys(EMA_PRESETS));
  }
  const weight = typeof alpha === 'number' ? alpha : EMA_PRESETS[alpha];
  requireRange('alpha', weight, 0, 1);
  return weight;
}

/** A thin holder of one moving average, for use outside a head. */
export interface EmaScheduler {
  /** The average so far. */
  readonly value: number;
  /** Weight of each new observation. */
  readonly alpha: number;
  /** A scheduler one observation on; this one stays as it is. @throws OptionOutOfRangeError on a non-finite observation */
  update(observation: number): EmaScheduler;
}

const OPTIONS: OptionNames<{ readonly initial?: number; readonly alpha?: EmaPreset | number }> = {
  initial: true,
  alpha: true,
};

/**
 * The scheduler of CurricularFace's t, as a value: `emaScheduler().update(meanTargetCosine).value`.
 *
 * @param options `initial` t₀ (default 0), `alpha` a preset or a weight (default `official`).
 * @throws OptionOutOfRangeError
 */
export function emaScheduler(
  options: { readonly initial?: number; readonly alpha?: EmaPreset | number } = {},
): EmaScheduler {
  requireKnownOptions('emaScheduler', options, OPTIONS);
  const value = options.initial ?? 0;
  const alpha = emaWeight(options.alpha ?? 'official');
  requireFinite('initial', value);
  return {
    value,
    alpha,
    update(observation) {
      requireFinite('observation', observation);
      return emaScheduler({ initial: ema(numberOps, value, observation, alpha), alpha });
    },
  };
}
