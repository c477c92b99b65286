import { type OptionNames, requireKnownOptions } from '@cf/core';
import type { TrainingKernels } from '../../training/passes.ts';
import type { ForeignFunctions } from './foreign-functions.ts';
import { OneDnnPasses } from './one-dnn-passes.ts';
import { openOneDnn } from './open-one-dnn.ts';

/** Where oneDNN is. */
export interface OneDnnOptions {
  /** The module `koffi`. */
  readonly koffi: ForeignFunctions;
  /** The library's file; by default what the system finds under the names that distributions use. */
  readonly library?: string;
}

const OPTIONS: OptionNames<OneDnnOptions> = { koffi: true, library: true };

/**
 * Training passes on oneDNN's primitives: convolutions, products, normalisations, activations and pools in the layouts
 * that the processor likes best, carried along from layer to layer.
 *
 * @throws BackendError where there is no oneDNN of a version that is known
 */
export function oneDnnKernels(given: OneDnnOptions): TrainingKernels {
  requireKnownOptions('oneDnnKernels', given, OPTIONS);
  const { koffi, library } = given;
  const api = openOneDnn(koffi, library);
  const { major, minor, patch } = api.library.version;
  return {
    implementation: api.implementationOf(
      api.convolution({
        source: api.any([2, 32, 16, 16]),
        weights: api.any([32, 32, 3, 3]),
        destination: api.any([2, 32, 16, 16]),
        strides: [1, 1],
        dilations: [0, 0],
        padding: [
          [1, 1],
          [1, 1],
        ],
      }),
    ),
    name: `oneDNN ${major}.${minor}.${patch}`,
    open: async (plan, options) => new OneDnnPasses(api, plan, options),
  };
}
