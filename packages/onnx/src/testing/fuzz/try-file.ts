import { CfError } from '@cf/core';
import { learnerOptimiser, sgd } from '@cf/training';
import { decodeModel } from '../../model/codec.ts';
import { externalFiles, withExternalData } from '../../model/external-data.ts';
import type { Model } from '../../model/model.ts';
import { fromFloat32 } from '../../passes/half-precision/from-float32.ts';
import { toFloat32 } from '../../passes/half-precision/to-float32.ts';
import { inspectModel } from '../../passes/inspection/inspect-model.ts';
import { prepareModel } from '../../passes/prepare-model.ts';
import { planTraining } from '../../training/plan.ts';

const SIDE_BYTES = 2 ** 20;
const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });

/** What became of a file: it trains, or the code of the error that refuses it. */
export type Outcome = string;

/**
 * Does all that is done with a file before a runtime sees it.
 *
 * @param isWhole whether it is also prepared, inspected and written in other types, which takes several times as long
 * @throws what is no CfError: a bug
 */
export function tryFile(bytes: Uint8Array, isWhole: boolean = false): Outcome {
  let model: Model | undefined;
  const outcome = outcomeOf(() => {
    const decoded = decodeModel(bytes);
    const sides = externalFiles(decoded).map(({ location, size }) => {
      // A side file that is there is as large as it was, whatever a mutant asks for.
      return [location, new Uint8Array(Math.min(size, SIDE_BYTES))] as const;
    });
    model = withExternalData(decoded, new Map(sides));
    planTraining({ model: toFloat32(model).model, optimiser });
  });
  if (isWhole && model !== undefined) {
    const given = model;
    outcomeOf(() => prepareModel(given));
    outcomeOf(() => inspectModel(given));
    for (const type of ['float16', 'bfloat16'] as const) outcomeOf(() => fromFloat32(given, type));
  }
  return outcome;
}

function outcomeOf(work: () => unknown): Outcome {
  try {
    work();
    return 'trains';
  } catch (error) {
    if (error instanceof CfError) return error.code;
    throw error;
  }
}
