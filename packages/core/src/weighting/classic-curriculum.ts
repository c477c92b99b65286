import { requireChoice, requireRange } from '../errors/check-options.ts';
import { NonFiniteError } from '../errors/errors.ts';

/** How the share of the data in use grows. */
export type CurriculumShape = 'linear' | 'root' | 'exponential' | 'step';

/** All of them. */
export const CURRICULUM_SHAPES: readonly CurriculumShape[] = ['linear', 'root', 'exponential', 'step'];

export interface CurriculumPace {
  /** Share of the data at the start, 0 < start ≤ 1. Default 0.2. */
  readonly start?: number;
  /** Steps after which all data is in. Default 1000. */
  readonly growSteps?: number;
  /**
   * How the share grows: `linear`; `root` (√ of the linear share of squares, faster at first); `exponential` (slower at
   * first) and `step` (all at once at the end), both of Hacohen and Weinshall 2019. Default `linear`.
   */
  readonly shape?: CurriculumShape;
}

/**
 * The sample order of the classic curriculum (Bengio et al. 2009): easiest first, by a difficulty that is given
 * beforehand; ties keep their order.
 *
 * @param difficulty one number a sample, larger is harder: [N].
 * @returns sample indices, easiest first: [N].
 * @throws NonFiniteError
 */
export function curriculumOrder(difficulty: ArrayLike<number>): Int32Array {
  for (let i = 0; i < difficulty.length; i++) {
    if (!Number.isFinite(difficulty[i])) {
      throw new NonFiniteError('difficulty', i, difficulty[i]!, 'give every sample a finite difficulty.');
    }
  }
  const order = Int32Array.from({ length: difficulty.length }, (_, i) => i);
  return order.sort((i, j) => difficulty[i]! - difficulty[j]! || i - j);
}

/**
 * The share of the ordered data that is in use at a step, from `start` up to 1.
 *
 * @throws OptionOutOfRangeError
 */
export function curriculumShare(step: number, pace: CurriculumPace = {}): number {
  const { start = 0.2, growSteps = 1000, shape = 'linear' } = pace;
  requireRange('start', start, 0, 1, 'exclusive lower bound');
  requireRange('growSteps', growSteps, 1, Number.MAX_SAFE_INTEGER);
  requireRange('step', step, 0, Number.MAX_SAFE_INTEGER);
  requireChoice('shape', shape, CURRICULUM_SHAPES);
  const progress = Math.min(1, step / growSteps);
  switch (shape) {
    case 'linear':
      return start + (1 - start) * progress;
    case 'root':
      return Math.sqrt(start * start + (1 - start * start) * progress);
    case 'exponential':
      return start ** (1 - progress);
    case 'step':
      return progress < 1 ? start : 1;
  }
}

/**
 * The samples in use at a step: the easiest share of the order, at least one.
 *
 * @param order from {@link curriculumOrder}: [N].
 */
export function curriculumSubset(order: Int32Array, step: number, pace: CurriculumPace = {}): Int32Array {
  // Less a little: 0.6 · 10 is 6 and not 7, whatever its last bit says.
  const count = Math.ceil(curriculumShare(step, pace) * order.length - 1e-9);
  return order.subarray(0, Math.max(1, count));
}
