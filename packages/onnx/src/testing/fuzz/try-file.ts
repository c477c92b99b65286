import { CfError } from '@cf/core';
import { learnerOptimiser, sgd } from '@cf/training';
import { decodeModel } from '../../model/codec.ts';
import { externalFiles, withExternalData } from '../../model/external-data.ts';
import { toFloat32 } from '../../passes/to-float32.ts';
import { planTraining } from '../../training/plan.ts';

const SIDE_BYTES = 2 ** 20;
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
    const decoded = decodeModel(bytes);
    const sides = externalFiles(decoded).map(({ location, size }) => {
      // A side file that is there is as large as it was, whatever a mutant asks for.
      return [location, new Uint8Array(Math.min(size, SIDE_BYTES))] as const;
    });
    const { model } = toFloat32(withExternalData(decoded, new Map(sides)));
    planTraining({ runtime: undefined as never, model, optimiser });
    return 'trains';
  } catch (error) {
    if (error instanceof CfError) return error.code;
    throw error;
  }
}
