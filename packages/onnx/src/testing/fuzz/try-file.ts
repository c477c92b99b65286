import { CfError } from '@cf/core';
import { learnerOptimiser, sgd } from '@cf/training';
import { decodeModel } from '../../model/codec.ts';
import { planTraining } from '../../training/plan.ts';

const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });

/** What became of a file: it trains, or the code of the error that refuses it. */
export type Outcome = string;

/**
 * Does all that is done with a file before a runtime sees it.
 *
 * @throws what is no CfError: a bug
 */
export function tryFile(bytes: Uint8Array): Outcome {
  try {
    planTraining({ runtime: undefined as never, model: decodeModel(bytes), optimiser });
    return 'trains';
  } catch (error) {
    if (error instanceof CfError) return error.code;
    throw error;
  }
}
