import type { MarginLoss } from '@cf/core';
import type { GPU } from 'gpu.js';
import { type NegativeOutput, negativeSource } from '../kernels/formula-source.ts';
import { COLUMN, ROW } from '../kernels/kernel-source.ts';
import {
  type KernelArgument,
  type KernelMatrix,
  openPiece,
  type PieceKernel,
  type PieceOptions,
  sampleValueLines,
} from './piece-kernel.ts';

/** B and C. */
export type PairSizes = { readonly batch: number; readonly classes: number };

/** (cos [B, C], pivots [B], labels [B]) → 1 where a negative is hard (cos θ_ij > pivot_i, j ≠ y_i), else 0: [B, C]. */
export function createHardMaskKernel(
  gpu: GPU,
  loss: MarginLoss,
  sizes: PairSizes,
  options: PieceOptions = {},
): PieceKernel<[cosines: KernelArgument, pivots: KernelArgument, labels: KernelArgument], KernelMatrix> {
  const { lines, outputs } = negativeSource(loss, ['hard']);
  const body = [
    'let result = 0;',
    `if (${COLUMN} !== labels[${ROW}]) {`,
    ...['const cos = cosines[this.thread.y][this.thread.x];', `const pivot = pivots[${ROW}];`, ...lines],
    `if (${outputs.hard}) { result = 1; }`,
    '}',
    'return result;',
  ];
  return openPiece(
    gpu,
    'hardMask',
    ['cosines', 'pivots', 'labels'],
    body,
    sizes,
    [sizes.classes, sizes.batch],
    options,
  );
}

/** `targets` stand at each sample's own class: [B]. Where a loss has sample values, also those: [B, loss.sampleValueNames.length]. */
export type ModulationArguments = [
  cosines: KernelArgument,
  pivots: KernelArgument,
  targets: KernelArgument,
  labels: KernelArgument,
  ...sampleValues: KernelArgument[],
];

/** (cos [B, C], pivots [B], T [B], labels [B][, sampleValues]) → N(cos θ_ij), and T at the own class: [B, C]. */
export function createModulationKernel(
  gpu: GPU,
  loss: MarginLoss,
  sizes: PairSizes,
  options: PieceOptions = {},
): PieceKernel<ModulationArguments, KernelMatrix> {
  return pairKernel(gpu, loss, sizes, 'value', options);
}

/** (cos [B, C], pivots [B], ∂T/∂cos [B], labels [B][, sampleValues]) → ∂N/∂cos θ_ij, and ∂T/∂cos θ_y at the own class: [B, C]. */
export function createModulationSlopeKernel(
  gpu: GPU,
  loss: MarginLoss,
  sizes: PairSizes,
  options: PieceOptions = {},
): PieceKernel<ModulationArguments, KernelMatrix> {
  return pairKernel(gpu, loss, sizes, 'dCos', options);
}

function pairKernel(
  gpu: GPU,
  loss: MarginLoss,
  sizes: PairSizes,
  wanted: NegativeOutput,
  options: PieceOptions,
): PieceKernel<ModulationArguments, KernelMatrix> {
  const { sampleValues, lines, outputs } = negativeSource(loss, [wanted]);
  const parameters = [
    'cosines',
    'pivots',
    'targets',
    'labels',
    ...(loss.sampleValueNames.length > 0 ? ['sampleValues'] : []),
  ];
  const body = [
    `let result = targets[${ROW}];`,
    `if (${COLUMN} !== labels[${ROW}]) {`,
    `const cos = cosines[${ROW}][${COLUMN}];`,
    `const pivot = pivots[${ROW}];`,
    ...sampleValueLines(sampleValues, ROW),
    ...lines,
    `result = ${outputs[wanted]};`,
    '}',
    'return result;',
  ];
  return openPiece(
    gpu,
    `modulation ${wanted}`,
    parameters,
    body,
    sizes,
    [sizes.classes, sizes.batch],
    options,
  );
}
