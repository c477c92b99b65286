import { type OptionNames, requireKnownOptions, requirePositive } from '@cf/core';
import type { GPU } from 'gpu.js';
import { COLUMN, LARGEST, loop, ROW } from '../kernels/kernel-source.ts';
import type { PairSizes } from './modulation.ts';
import {
  type KernelArgument,
  type KernelMatrix,
  type KernelVector,
  openPiece,
  type PieceKernel,
  type PieceOptions,
} from './piece-kernel.ts';

export interface CrossEntropyOptions extends PieceOptions {
  /** s: logits are s·z. Default 1. */
  readonly scale?: number;
}

const OPTIONS: OptionNames<CrossEntropyOptions> = { scale: true, pipeline: true };

/**
 * (z [B, C], labels [B]) → −log p_y of the softmax of s·z: [B].
 *
 * The sum leaves the target out, which keeps the digits of a loss near 0.
 *
 * @throws OptionOutOfRangeError
 */
export function createCrossEntropyKernel(
  gpu: GPU,
  sizes: PairSizes,
  options: CrossEntropyOptions = {},
): PieceKernel<[z: KernelArgument, labels: KernelArgument], KernelVector> {
  requireKnownOptions('createCrossEntropyKernel', options, OPTIONS);
  const scale = scaleOf(options);
  const negatives = (line: string): string[] =>
    loop('j', 'classes', [
      `const logit = ${scale} * z[${COLUMN}][j];`,
      'if (j === own) {',
      'target = logit;',
      '} else {',
      line,
      '}',
    ]);
  const body = [
    `const own = labels[${COLUMN}];`,
    'let target = 0;',
    `let largest = ${-LARGEST};`,
    ...negatives('largest = Math.max(largest, logit);'),
    'let total = 0;',
    ...negatives('total += Math.exp(logit - largest);'),
    // log(1 + total·e^{largest − target}), from its larger side.
    'let loss = 0;',
    'if (total > 0) {',
    'const margin = largest + Math.log(total) - target;',
    'const small = Math.exp(-Math.abs(margin));',
    // log(1 + small) loses the digits of a small argument: its series takes over.
    'let rest = small * (1 - small * (0.5 - small / 3));',
    'if (small > 0.001) { rest = Math.log(1 + small); }',
    'loss = Math.max(margin, 0) + rest;',
    '}',
    'return loss;',
  ];
  const piece = { name: 'crossEntropy', parameters: ['z', 'labels'], body, output: () => [sizes.batch] };
  return openPiece(gpu, piece, sizes, piped(options));
}

/**
 * (z [B, C], labels [B], −log p_y [B]) → ∂(mean loss)/∂z = s·(p_ij − δ_ij)/B: [B, C].
 *
 * @throws OptionOutOfRangeError
 */
export function createCrossEntropyGradientKernel(
  gpu: GPU,
  sizes: PairSizes,
  options: CrossEntropyOptions = {},
): PieceKernel<[z: KernelArgument, labels: KernelArgument, losses: KernelArgument], KernelMatrix> {
  requireKnownOptions('createCrossEntropyGradientKernel', options, OPTIONS);
  const scale = scaleOf(options);
  const body = [
    `const own = labels[${ROW}];`,
    `let result = Math.exp(${scale} * (z[${ROW}][${COLUMN}] - z[${ROW}][own]) - losses[${ROW}]);`,
    `if (${COLUMN} === own) { result = result - 1; }`,
    `return ${scale / sizes.batch} * result;`,
  ];
  const parameters = ['z', 'labels', 'losses'];
  const output = (): readonly number[] => [sizes.classes, sizes.batch];
  return openPiece(gpu, { name: 'crossEntropyGradient', parameters, body, output }, sizes, piped(options));
}

function scaleOf({ scale = 1 }: CrossEntropyOptions): number {
  requirePositive('scale', scale);
  return scale;
}

/** What is said of every piece. */
function piped({ scale: _, ...options }: CrossEntropyOptions): PieceOptions {
  return options;
}
