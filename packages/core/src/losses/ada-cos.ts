import { requireChoice } from '../errors/check-options.ts';
import { type BatchOps, named, type TensorOps } from '../ops/tensor-ops.ts';
import { batchMean } from '../scheduler/ema.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { BatchStatistics } from './margin-loss.ts';

export interface AdaCosOptions {
  /** Whether s follows the batch; else it stays where it starts. Default true. */
  readonly dynamic?: boolean;
  /** Which angles the median is of: those of the samples with their own classes. Default `target`. */
  readonly median?: 'target';
}

/**
 * AdaCos (Zhang et al. 2019, eqs. 11 and 15): softmax on s·cos θ, with a scale that finds itself.
 *
 *     s₀ = √2·ln(C − 1),   s ← ln(B_avg)/cos(min(π/4, θ_med)),   B_avg = (1/B)·Σ_i Σ_{j≠y} e^{s·cos θ_ij}
 *
 * Nothing bounds s, as published: with few classes it may fall to 0 and below, and where negatives stay near their samples
 * (cos θ_j > 0.71) it grows without end, until a step is an error. Watch `state.values.scale`, or take the fixed one.
 *
 * θ_med is the lower median of the angles θ_y of the batch. s moves before it is used, without gradient, and not in
 * evaluation. With fewer than three classes, for which s₀ is no positive number, it starts as with three.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const adaCos: LossFactory<AdaCosOptions> = /* #__PURE__ */ lossFactory(
  'adacos',
  { dynamic: 'boolean', median: 'string' },
  (options) => {
    const { dynamic = true, median = 'target' } = options;
    requireChoice('dynamic', dynamic, [true, false]);
    requireChoice('median', median, ['target']);
    if (!dynamic) {
      return composeLoss({
        name: 'adacos',
        prepare: (ops, { classes }) => ({ sampleValues: {}, next: {}, scale: startScale(ops, classes) }),
      });
    }
    return composeLoss({
      name: 'adacos',
      // 0 before the first step, which knows the number of classes.
      initialValues: { scale: 0 },
      surveyScale: scaleBefore,
      prepare: (ops, batch, state) => {
        const before = scaleBefore(ops, state, batch.classes);
        const { surveyed } = batch;
        const scale = surveyed === undefined ? before : movedScale(ops, batch, surveyed, before);
        return { sampleValues: {}, next: { scale: surveyed === undefined ? state.scale! : scale }, scale };
      },
    });
  },
);

function startScale<T, M>(ops: TensorOps<T, M>, classes: T): T {
  const others = ops.max(ops.sub(classes, ops.constant(1)), ops.constant(2));
  return ops.mul(ops.constant(Math.SQRT2, '\\sqrt 2'), ops.log(others));
}

function scaleBefore<T, M>(ops: TensorOps<T, M>, state: Readonly<Record<string, T>>, classes: T): T {
  const started = ops.greater(state.step!, ops.constant(0));
  return ops.select(started, state.scale!, startScale(ops, classes));
}

/** The median's angle comes from a cosine that is clamped by this, as released. */
const MEDIAN_CLAMP = 1e-7;

function movedScale<T, M>(
  ops: BatchOps<T, M>,
  { cosTarget, classes }: BatchStatistics<T>,
  { max, sum }: NonNullable<BatchStatistics<T>['surveyed']>,
  before: T,
): T {
  const one = ops.constant(1);
  // Shifted by the largest of the batch, so that no exponential overflows.
  const top = ranked(ops, max, ops.constant(0));
  const mean = batchMean(ops, ops.mul(sum, ops.exp(ops.sub(max, top))));
  const logOfMean = ops.add(top, ops.log(mean));
  // The median angle is the one in the middle when cosines fall; the earlier one where there are two.
  const middle = ops.mul(ops.constant(0.5), ops.sub(ops.count(cosTarget), one));
  const clamped = ops.min(ranked(ops, cosTarget, middle), ops.constant(1 - MEDIAN_CLAMP));
  const median = named(ops, clamped, '\\cos\\theta_{med}');
  const scale = ops.div(logOfMean, ops.max(median, ops.constant(Math.SQRT1_2, '\\cos\\tfrac{\\pi}{4}')));
  return ops.select(ops.greater(classes, one), scale, before);
}

/** The value of rank ⌊position⌋ where the largest has rank 0. */
function ranked<T, M>(ops: BatchOps<T, M>, values: T, position: T): T {
  const rank = ops.argsort(ops.argsort(values, 'descending'), 'ascending');
  const beyond = ops.greater(rank, position);
  const next = ops.greater(ops.add(rank, ops.constant(1)), position);
  return ops.sum(ops.select(beyond, ops.constant(0), ops.select(next, values, ops.constant(0))));
}
