import type { MarginLoss } from '@cf/core';
import type { GPU } from 'gpu.js';
import { type TargetOutput, targetSource } from '../kernels/formula-source.ts';
import { COLUMN } from '../kernels/kernel-source.ts';
import {
  type KernelArgument,
  type KernelVector,
  openPiece,
  type PieceKernel,
  type PieceOptions,
  sampleValueLines,
} from './piece-kernel.ts';

/** cos θ_y, sin θ_y and ‖x‖ of each sample: [B] each; where a loss has sample values, also those: [B, loss.sampleValueNames.length]. */
export type MarginArguments = [
  cos: KernelArgument,
  sin: KernelArgument,
  norm: KernelArgument,
  ...sampleValues: KernelArgument[],
];

/** (cos θ_y, sin θ_y, ‖x‖[, sampleValues]) → the target logit T(cos θ_y) before scaling: [B]. */
export function createMarginKernel(
  gpu: GPU,
  loss: MarginLoss,
  sizes: { readonly batch: number },
  options: PieceOptions = {},
): PieceKernel<MarginArguments, KernelVector> {
  return targetKernel(gpu, loss, sizes, 'value', options);
}

/** (cos θ_y, sin θ_y, ‖x‖[, sampleValues]) → ∂T/∂cos θ_y: [B]. */
export function createMarginSlopeKernel(
  gpu: GPU,
  loss: MarginLoss,
  sizes: { readonly batch: number },
  options: PieceOptions = {},
): PieceKernel<MarginArguments, KernelVector> {
  return targetKernel(gpu, loss, sizes, 'dCos', options);
}

/** (cos θ_y, sin θ_y, ‖x‖[, sampleValues]) → what a hard negative's cosine exceeds, such as cos(θ_y + m): [B]. */
export function createPivotKernel(
  gpu: GPU,
  loss: MarginLoss,
  sizes: { readonly batch: number },
  options: PieceOptions = {},
): PieceKernel<MarginArguments, KernelVector> {
  return targetKernel(gpu, loss, sizes, 'pivot', options);
}

function targetKernel(
  gpu: GPU,
  loss: MarginLoss,
  sizes: { readonly batch: number },
  wanted: TargetOutput,
  options: PieceOptions,
): PieceKernel<MarginArguments, KernelVector> {
  const { sampleValues, lines, outputs } = targetSource(loss, wanted);
  const parameters = [
    'cosines',
    'sines',
    'norms',
    ...(loss.sampleValueNames.length > 0 ? ['sampleValues'] : []),
  ];
  const body = [
    `const cos = cosines[${COLUMN}];`,
    `const sin = sines[${COLUMN}];`,
    `const norm = norms[${COLUMN}];`,
    ...sampleValueLines(sampleValues),
    ...lines,
    `return ${outputs[wanted]};`,
  ];
  return openPiece(gpu, `margin ${wanted}`, parameters, body, sizes, [sizes.batch], options);
}
