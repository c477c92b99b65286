import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import { exponentialOf, softplus } from '../head/phases/formulas/negative-log-likelihood.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import type { BinaryObjective, PairLoss } from './objective.ts';

/** What {@link binaryObjective} can be told. */
export interface BinaryOptions {
  /** Weight of a sample's own class. */
  readonly positiveWeight: number;
  /** Weight of every other. */
  readonly negativeWeight: number;
  /** Whether the bias is added to a logit or subtracted from it. */
  readonly biasSign: 1 | -1;
  /** Exponents are clamped to ± this, with no gradient past it. Default: not at all. */
  readonly bound?: number;
}

const OPTIONS: OptionNames<BinaryOptions> = {
  positiveWeight: true,
  negativeWeight: true,
  biasSign: true,
  bound: true,
};

/** ℓ = λ₊·log(1 + e^{−z_y}) + λ₋·Σ_{j≠y} log(1 + e^{z_j}): one logistic regression a class. */
export function binaryObjective(options: BinaryOptions): BinaryObjective {
  requireKnownOptions('binaryObjective', options, OPTIONS);
  const { positiveWeight, negativeWeight, biasSign, bound } = options;
  return {
    kind: 'binary',
    sumNames: ['loss'],
    biasSign,
    ofNegative: (ops, logit) => logistic(ops, logit, ops.constant(negativeWeight, '\\lambda_n'), bound),
    ofSample: (ops, { targetLogit, sums }) => {
      const weight = ops.constant(positiveWeight, '\\lambda_p');
      const own = logistic(ops, ops.neg(targetLogit), weight, bound);
      const none = ops.constant(0);
      return {
        nll: ops.add(own.loss, sums.loss!),
        dTarget: ops.neg(own.dLogit),
        miss: none,
        logSumExp: none,
      };
    },
  };
}

/** λ·log(1 + e^u) and its slope λ/(1 + e^{−u}), neither of which overflows; u clamped to ±bound, flat past it. */
function logistic<T, M>(
  ops: TensorOps<T, M>,
  exponent: T,
  weight: T,
  bound: number | undefined,
): PairLoss<T> {
  if (bound === undefined) return within(ops, exponent, weight);
  const [low, high] = [ops.constant(-bound), ops.constant(bound)];
  const { loss, dLogit } = within(ops, ops.min(ops.max(exponent, low), high), weight);
  const outside = ops.or(ops.greater(exponent, high), ops.greater(low, exponent));
  return { loss, dLogit: ops.select(outside, ops.constant(0), dLogit) };
}

function within<T, M>(ops: TensorOps<T, M>, exponent: T, weight: T): PairLoss<T> {
  const one = ops.constant(1);
  const small = exponentialOf(ops, exponent);
  const above = ops.greater(exponent, ops.constant(0));
  const probability = ops.div(ops.select(above, one, small), ops.add(one, small));
  return { loss: ops.mul(weight, softplus(ops, exponent, small)), dLogit: ops.mul(weight, probability) };
}
