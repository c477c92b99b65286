import type { Backend } from '../head/contract.ts';
import { headStep } from '../head/phases/head-step.ts';
import { runSteps } from '../head/phases/steps.ts';
import { requireHead } from '../head/require-head.ts';
import { referenceHeadStep } from './reference-step.ts';

/** The float64 reference as a {@link Backend}. */
export function referenceBackend(): Backend {
  return {
    name: 'reference',
    precision: 'float64',
    sharded: true,
    handsOverRows: true,
    createHead: async (loss, options = {}) => {
      requireHead(loss, options);
      return {
        loss,
        subCenters: options.subCenters ?? 1,
        step: async (input) => runSteps(headStep(referenceHeadStep(loss, input, options))),
        dispose() {},
      };
    },
    dispose: async () => {},
  };
}
