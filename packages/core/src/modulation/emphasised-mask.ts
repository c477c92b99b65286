import type { MarginLoss } from '../losses/margin-loss.ts';
import type { SampleValues } from '../margin/target-margin.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';

/**
 * Which of the hard negatives a loss emphasises, as it says; where it does not, those whose logit is raised, N > cos θ_j. Of
 * negatives that are not hard it tells nothing.
 *
 * @param value N.
 */
export function emphasisedMask<T, M>(
  ops: TensorOps<T, M>,
  loss: Pick<MarginLoss, 'emphasised'>,
  value: T,
  cos: T,
  pivot: T,
  sample: SampleValues<T>,
): M {
  return loss.emphasised?.(ops, cos, pivot, sample) ?? ops.greater(value, cos);
}
