import { requireChoice, requireRange } from '../errors/check-options.ts';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import {
  type OptionNames,
  type OptionTypes,
  requireKnownOptions,
  requireOptions,
} from '../errors/option-types.ts';
import { type Domain, POSITIVE, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import type { BatchOps } from '../ops/tensor-ops.ts';
import type { SampleWeighting } from './sample-weighting.ts';
import { weightedMean } from './weighted-mean.ts';

export type SelfPacedRegulariser = 'hard' | 'linear' | 'mixture';

export interface SelfPacedOptions extends UnsafeOption {
  /** How a sample's weight falls with its loss. Default `hard`. */
  readonly regulariser?: SelfPacedRegulariser;
  /**
   * λ at the first step, in units of the loss, > 0; ∞ lets every sample in. For `mixture` this is λ₁. By default the first
   * batch says it: just above its median loss, so that more than half of its samples are in, as Kumar et al. 2010 begin
   * (section 5).
   */
  readonly pace?: number;
  /** λ grows by this factor each training step, ≥ 1; unsafe any finite factor > 0. Default 1.01. */
  readonly growth?: number;
  /** λ grows no further than this. Default ∞. */
  readonly maximumPace?: number;
  /** `mixture` only: λ₂ as a share of λ₁, 0 < share < 1 (with an infinite λ₁, λ₂ is infinite too). Default 0.5. */
  readonly lowerShare?: number;
}

const OPTIONS: OptionNames<SelfPacedOptions> = {
  regulariser: true,
  pace: true,
  growth: true,
  maximumPace: true,
  lowerShare: true,
  unsafe: true,
};

/**
 * The pace of self-paced learning after `steps` training steps: min(pace·growth^steps, maximumPace); without a pace, the
 * growth alone.
 *
 * Kumar et al. 2010 anneal their threshold by a constant factor an iteration.
 */
export function paceAfter(steps: number, options: SelfPacedOptions = {}): number {
  requireKnownOptions('paceAfter', options, OPTIONS);
  const { pace = 1, growth, top } = checkPace(options);
  return Math.min(pace * growth ** steps, top);
}

export const SELF_PACED_OPTIONS: OptionTypes<SelfPacedOptions> = {
  regulariser: 'string',
  pace: 'number',
  growth: 'number',
  maximumPace: 'number',
  lowerShare: 'number',
  unsafe: 'boolean',
};

/**
 * G = v(nll; λ), where the pace λ grows from step to step: easy samples first. v carries no gradient. Without a pace the
 * state holds 0 until the first batch has said it.
 *
 * - `hard`: 1 where nll < λ, else 0 (Kumar et al. 2010, eq. 3);
 * - `linear`: 1 − nll/λ where nll < λ, else 0 (Jiang et al. 2014, eq. 7);
 * - `mixture`: 1 up to λ₂, 0 from λ₁ on, and ζ·(1/nll − 1/λ₁) between, ζ = λ₁λ₂/(λ₁ − λ₂) (Jiang et al. 2014, eq. 11).
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export function selfPacedWeighting(options: SelfPacedOptions = {}): SampleWeighting {
  requireOptions('self-paced', options, SELF_PACED_OPTIONS);
  const { regulariser = 'hard', lowerShare = 0.5 } = options;
  requireChoice('regulariser', regulariser, ['hard', 'linear', 'mixture']);
  if (!(lowerShare > 0 && lowerShare < 1)) {
    throw new OptionOutOfRangeError('lowerShare', lowerShare, '0 < lowerShare < 1');
  }
  const { pace, growth, top } = checkPace(options);
  return {
    name: 'self-paced',
    gradient: 'frozen',
    initialValues: { pace: pace ?? 0 },
    stateRanges: { pace: [0, LARGEST_PACE] },
    reduce: (ops, { nll, sampleWeights }, state, mode) => {
      const carried = state.pace!;
      const lambda =
        pace === undefined
          ? ops.select(
              ops.greater(carried, ops.constant(0)),
              carried,
              ops.min(firstPace(ops, nll), ops.constant(top)),
            )
          : carried;
      const v = easiness(ops, nll, lambda, regulariser, lowerShare);
      const grown = ops.min(ops.mul(lambda, ops.constant(growth)), ops.constant(top));
      return {
        ...weightedMean(ops, nll, ops.mul(v, sampleWeights)),
        next: { pace: mode === 'train' ? grown : carried },
      };
    },
  };
}

function checkPace(options: SelfPacedOptions): { pace?: number; growth: number; top: number } {
  const { pace, growth = 1.01, maximumPace = Number.POSITIVE_INFINITY } = options;
  if (pace !== undefined) requireRange('pace', pace, 0, Number.POSITIVE_INFINITY, 'exclusive lower bound');
  requireRange('maximumPace', maximumPace, 0, Number.POSITIVE_INFINITY, 'exclusive lower bound');
  requirePublished('growth', growth, GROWTH, options);
  const top = Math.min(maximumPace, LARGEST_PACE);
  return { ...(pace === undefined ? {} : { pace: Math.min(pace, top) }), growth, top };
}

/** Above the loss that half of a batch is under: the share by which, and what that is of a loss of 0. */
const ABOVE_MEDIAN = 1.01;
const ABOVE_ZERO = 1e-6;

/** Just above the loss of rank ⌊B/2⌋, so that more than half of the samples are under it. */
function firstPace<T, M>(ops: BatchOps<T, M>, nll: T): T {
  const rank = ops.argsort(ops.argsort(nll, 'ascending'), 'ascending');
  const half = ops.mul(ops.constant(0.5), ops.count(nll));
  const [zero, one] = [ops.constant(0), ops.constant(1)];
  // Of one sample alone: rank ≤ B/2 < rank + 1.
  const upTo = ops.select(ops.greater(rank, half), zero, nll);
  const median = ops.sum(ops.select(ops.greater(ops.add(rank, one), half), upTo, zero));
  return ops.add(ops.mul(ops.constant(ABOVE_MEDIAN), median), ops.constant(ABOVE_ZERO));
}

const GROWTH: Domain = { published: { low: 1, high: Number.POSITIVE_INFINITY }, defined: POSITIVE };

/** An infinite pace is carried as this: finite in float32, and its reciprocal is below any loss's last digit. */
const LARGEST_PACE = 1e30;

function easiness<T, M>(
  ops: BatchOps<T, M>,
  nll: T,
  lambda: T,
  regulariser: SelfPacedRegulariser,
  lowerShare: number,
): T {
  const zero = ops.constant(0);
  const one = ops.constant(1);
  const easy = ops.greater(lambda, nll);
  if (regulariser === 'hard') return ops.select(easy, one, zero);
  if (regulariser === 'linear') return ops.select(easy, ops.sub(one, ops.div(nll, lambda)), zero);
  // ζ·(1/nll − 1/λ₁) with λ₂ = share·λ₁, multiplied out: share/(1 − share)·(λ₁/nll − 1).
  const lower = ops.mul(ops.constant(lowerShare), lambda);
  const between = ops.mul(
    ops.constant(lowerShare / (1 - lowerShare)),
    ops.sub(ops.div(lambda, ops.max(nll, lower)), one),
  );
  return ops.select(easy, ops.select(ops.greater(nll, lower), between, one), zero);
}
