import { OptionOutOfRangeError } from '../errors/errors.ts';
import { smoothedSoftmax } from '../objective/smoothed-softmax.ts';
import type { MarginLoss } from './margin-loss.ts';
import { requireLoss } from './require-loss.ts';

/**
 * The same loss with label smoothing, below its weighting where it has one. @see smoothedSoftmax
 *
 * @param epsilon 0 ≤ ε < 1; 0 changes nothing.
 * @throws OptionOutOfRangeError also for a loss without a softmax, or with a smoothing
 */
export function smoothed(loss: MarginLoss, epsilon: number): MarginLoss {
  if (!(typeof epsilon === 'number' && epsilon >= 0 && epsilon < 1))
    throw new OptionOutOfRangeError('labelSmoothing', epsilon, '0 ≤ labelSmoothing < 1');
  requireLoss(loss);
  if (epsilon === 0) return loss;
  const { objective, definition } = loss;
  if (objective.kind === 'softmax' && objective.labelSmoothing === 0) {
    return {
      ...loss,
      name: `smoothed(${loss.name})`,
      definition: definition && {
        ...definition,
        params: { ...definition.params, labelSmoothing: epsilon },
      },
      objective: smoothedSoftmax(epsilon),
    };
  }
  const [expected, fix] =
    objective.kind === 'binary'
      ? [`no label smoothing on ${loss.name}, whose classes share no probability`, 'leave it out.']
      : [`a loss without label smoothing, not ${loss.name}`, 'smooth once.'];
  throw new OptionOutOfRangeError('labelSmoothing', epsilon, expected, fix);
}
