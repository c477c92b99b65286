import type { MarginLoss } from '../../../losses/margin-loss.ts';
import type { SampleValues } from '../../../margin/target-margin.ts';
import type { NegativeValue } from '../../../modulation/modulation.ts';
import type { BinaryObjective, PairLoss } from '../../../objective/objective.ts';
import type { TensorOps } from '../../../ops/tensor-ops.ts';

/** What a pass over the classes computes of one negative, before any log-sum-exp is known. */
export interface NegativeTerms<T> extends NegativeValue<T> {
  /** What it adds to the sums of {@link negativeSumNames}. */
  readonly sums: Readonly<Record<string, T>>;
}

/** Names of the sums over a sample's negatives that pass 1 takes beside the log-sum-exp. */
export function negativeSumNames({
  objective,
  negativeSums,
}: Pick<MarginLoss, 'objective' | 'negativeSums'>): readonly string[] {
  return [...objective.sumNames, ...(negativeSums?.names ?? [])];
}

/** N of a negative, its slope, and what it adds to the sums. A binary objective's own are in {@link binaryTerms}. */
export function negativeTerms<T, M>(
  ops: TensorOps<T, M>,
  loss: Pick<MarginLoss, 'negative' | 'objective' | 'negativeSums'>,
  cos: T,
  pivot: T,
  sample: SampleValues<T>,
): NegativeTerms<T> {
  const { value, dCos } = loss.negative(ops, cos, pivot, sample);
  const own = loss.objective.kind === 'softmax' ? loss.objective.sums({ value }) : {};
  return { value, dCos, sums: { ...own, ...loss.negativeSums?.terms(ops, cos, pivot, sample) } };
}

/** What one negative is, to a binary objective. */
export interface BinaryTerms<T> extends NegativeValue<T>, PairLoss<T> {
  /** z, a bias included. */
  readonly logit: T;
}

/**
 * What one negative adds to a sample's loss under a binary objective, and its slope by the logit: all that there is to
 * know of the pair.
 *
 * @param bias that of its class.
 */
export function binaryTerms<T, M>(
  ops: TensorOps<T, M>,
  objective: BinaryObjective,
  { value, dCos }: NegativeValue<T>,
  logitScale: T,
  bias: T | undefined,
): BinaryTerms<T> {
  const logit = biased(ops, objective, ops.mul(logitScale, value), bias);
  return { value, dCos, logit, ...objective.ofNegative(ops, logit) };
}

/** A scaled logit with the bias of its class. */
export function biased<T, M>(
  ops: TensorOps<T, M>,
  { biasSign }: Pick<BinaryObjective, 'biasSign'>,
  logit: T,
  bias: T | undefined,
): T {
  if (bias === undefined) return logit;
  return biasSign > 0 ? ops.add(logit, bias) : ops.sub(logit, bias);
}
