import { type Head, type HeadOptions, headStep, type MarginLoss, requireInteger, runSteps } from '@cf/core';
import { classPasses } from './class-passes.ts';
import { headKernels } from './kernels/head-kernels.ts';
import type { KernelSet } from './kernels/kernel-set.ts';

/** The least texture side that WebGL 2 guarantees. */
const DEFAULT_TILE = 2048;

/**
 * A head whose work over the classes is done by kernels of gpu.js, in float32; what is O(B·d) is done by core's own
 * functions, in float64.
 *
 * @throws OptionOutOfRangeError if tileSize is not a positive integer
 */
export function gpujsHead(loss: MarginLoss, set: KernelSet, options: HeadOptions): Head {
  const { tileSize = DEFAULT_TILE } = options;
  requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  const kernels = headKernels(loss);
  return {
    loss,
    step: (input) =>
      runSteps(
        headStep({
          loss,
          input,
          options,
          precision: 'float32',
          passes: (batch) => classPasses(batch, { set, kernels, tileSize }),
        }),
      ),
    dispose: () => set.dispose(),
  };
}
