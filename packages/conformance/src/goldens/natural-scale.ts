import { type StepScales, stepScales } from '@cf/core';
import type { GoldenCase, GoldenStep } from './golden-file.ts';
import { goldenLoss } from './golden-loss.ts';

/** The sizes that the arrays of a golden step naturally have. */
export function naturalScales(golden: GoldenCase, step: GoldenStep): StepScales {
  const loss = goldenLoss(golden);
  const moved = loss.name === 'adacos' ? adaptiveScale(golden, step) : undefined;
  return stepScales(loss, { ...step, dim: golden.dim }, moved);
}

/** The scale that AdaCos has after the step. */
function adaptiveScale({ classes }: GoldenCase, { stateAfter }: GoldenStep): number {
  return stateAfter?.scale ?? Math.SQRT2 * Math.log(classes - 1);
}
