import { COLUMN, type KernelSource, kernelText, loop, ROW, sumOf } from './kernel-source.ts';

/** Columns of the matrix that tells pass 2 what ∂loss/∂logit is: factor·e^{logit − shift}. */
export const EXPONENT_COLUMNS = { shift: 0, factor: 1 } as const;

/** Kernels that merge the statistics of chunks on the device, for losses whose pass 2 need not wait for the host. */
export interface ExponentKernels {
  /** (running, largest, sums) → [largest logit, Σ e^{logit − largest}] with a tile's chunks included: [B, 2]. */
  readonly merge: KernelSource;
  /** (running, ∂loss/∂nll) → {@link EXPONENT_COLUMNS}: [B, 2]. */
  readonly exponents: KernelSource;
}

const pairs: KernelSource['output'] = ({ batch }) => [2, batch!];

/** The first of two numbers goes into the first column, the second into the second. */
const pair = (first: string, second: string): string[] => [
  `let entry = ${first};`,
  `if (${COLUMN} > 0) { entry = ${second}; }`,
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
        ...pair('top', 'total'),
      ],
    ),
    output: pairs,
  },
  exponents: {
    name: 'exponents',
    text: kernelText(
      ['running', 'slopes'],
      pair(`running[${ROW}][0]`, `slopes[${ROW}][0] / running[${ROW}][1]`),
    ),
    output: pairs,
  },
};
