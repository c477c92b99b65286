import { type Head, type HeadOptions, headStep, type MarginLoss, requireInteger, runSteps } from '@cf/core';
import { classPasses } from './class-passes.ts';
import { type HeadKernels, headKernels } from './kernels/head-kernels.ts';
import type { KernelSet } from './kernels/kernel-set.ts';

/**
 * A head whose work over the classes is done by kernels of gpu.js, in float32; what is O(B·d) is done by core's own
 * functions, in float64.
 *
 * @throws OptionOutOfRangeError if tileSize is not a positive integer
 */
export function gpujsHead(loss: MarginLoss, set: KernelSet, options: HeadOptions): Head {
  const { tileSize } = options;
  if (tileSize !== undefined) requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  const written = new Map([[loss, headKernels(loss)]]);
  /** Statistics may ask for a pass of another loss first. */
  const kernelsOf = (passed: MarginLoss): HeadKernels => {
    const kernels = written.get(passed) ?? headKernels(passed);
    written.set(passed, kernels);
    return kernels;
  };
  return {
    loss,
    subCenters: options.subCenters ?? 1,
    step: (input) =>
      runSteps(
        headStep({
          loss,
          input,
          options,
          precision: 'float32',
          passes: (batch) => classPasses(batch, { set, kernels: kernelsOf(batch.loss), tileSize }),
        }),
      ),
    dispose: () => set.dispose(),
  };
}
