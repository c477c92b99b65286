import type { Backend } from '../head/contract.ts';
import { referenceStep } from './reference-step.ts';

/** The float64 reference as a {@link Backend}. */
export function referenceBackend(): Backend {
  return {
    name: 'reference',
    precision: 'float64',
    createHead: async (loss, options = {}) => ({
      loss,
      step: async (input) => referenceStep(loss, input, options),
      dispose() {},
    }),
    dispose: async () => {},
  };
}
