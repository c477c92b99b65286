import { COLUMN, type KernelSource, kernelText, loop, ROW, sumOf } from './kernel-source.ts';

/**
 * Columns of the matrix that tells what ∂loss/∂logit is: factor·e^{logit − shift} − share, and under a binary objective
 * factor·∂ℓ/∂logit.
 */
export const FACTOR_COLUMNS = { shift: 0, factor: 1, share: 2 } as const;

/** Kernels that merge the statistics of chunks on the device, for losses whose pass 2 need not wait for the host. */
export interface ExponentKernels {
  /** (running, largest, sums) → [largest logit, Σ e^{logit − largest}] with a tile's chunks included: [B, 2]. */
  readonly merge: KernelSource;
  /** (running, [∂loss/∂ℓ, what is subtracted]) → {@link FACTOR_COLUMNS}: [B, 3]. */
  readonly factors: KernelSource;
}

/** Each number goes into a column. */
const columns = (first: string, ...more: readonly string[]): string[] => [
  `let entry = ${first};`,
  ...more.map((other, at) => `if (${COLUMN} === ${at + 1}) { entry = ${other}; }`),
  'return entry;',
];

/**
 * They see no formula: they are the same for every loss. A tile's chunks are summed before they join the running sum, so
 * that no float32 sum gets as long as there are chunks in all; a chunk without a negative has the sum 0 and adds nothing.
 */
export const exponentKernels: ExponentKernels = {
  merge: {
    name: 'merge',
    text: kernelText(
      ['running', 'largest', 'sums'],
      [
        `let top = running[${ROW}][0];`,
        ...loop('j', 'chunks', [`top = Math.max(top, largest[j][${ROW}]);`]),
        ...sumOf('c', 'chunks', (c) => `sums[${c}][${ROW}] * Math.exp(largest[${c}][${ROW}] - top)`),
        `const total = running[${ROW}][1] * Math.exp(running[${ROW}][0] - top) + result;`,
        ...columns('top', 'total'),
      ],
    ),
    output: ({ batch }) => [2, batch!],
  },
  factors: {
    name: 'factors',
    text: kernelText(
      ['running', 'slopes'],
      columns(`running[${ROW}][0]`, `slopes[${ROW}][0] / running[${ROW}][1]`, `slopes[${ROW}][1]`),
    ),
    output: ({ batch }) => [3, batch!],
  },
};
