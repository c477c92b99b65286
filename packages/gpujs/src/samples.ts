import type { MarginLoss, PreparedBatch } from '@cf/core';
import type { Input } from 'gpu.js';
import type { ClassTile } from './class-tiles.ts';
import { biasPlace } from './kernels/bias-place.ts';
import type { KernelValue } from './kernels/kernel-set.ts';
import { matrixInput } from './matrix-input.ts';
import type { StepContext } from './step-context.ts';

/** Columns of the matrix that tells kernels about each sample; the loss's row values follow. */
export const SAMPLE_COLUMNS = {
  /** Position of the sample's own class in the tile; negative where it is in another. */
  own: 0,
  /** What the row is multiplied by: s, ‖x‖ or 1. */
  scale: 1,
  /** What a hard negative's cosine exceeds. */
  pivot: 2,
  sampleValues: 3,
} as const;

/** What every kernel of a tile's negatives takes first: (cosines, samples[, bias]). */
export function pairArguments(
  { loss, prepared, labels }: Pick<StepContext, 'loss' | 'prepared' | 'labels'>,
  { cosines, bias, firstClass }: Pick<ClassTile, 'cosines' | 'bias' | 'firstClass'>,
): readonly KernelValue[] {
  const samples = sampleMatrix(loss, prepared, labels, firstClass);
  return biasPlace(loss) === 'logit' ? [cosines, samples, bias!] : [cosines, samples];
}

/** Packs what the kernels of one tile read of each sample: [B, 3 + their number]. */
export function sampleMatrix(
  loss: MarginLoss,
  prepared: PreparedBatch,
  labels: Int32Array,
  firstClass: number,
): Input {
  const width = SAMPLE_COLUMNS.sampleValues + loss.sampleValueNames.length;
  const values = new Float32Array(labels.length * width);
  for (let i = 0; i < labels.length; i++) {
    const from = i * width;
    values[from + SAMPLE_COLUMNS.own] = labels[i]! - firstClass;
    values[from + SAMPLE_COLUMNS.scale] = prepared.logitScale[i]!;
    values[from + SAMPLE_COLUMNS.pivot] = prepared.pivot[i]!;
    loss.sampleValueNames.forEach((name, r) => {
      values[from + SAMPLE_COLUMNS.sampleValues + r] = prepared.sampleValues[i]![name]!;
    });
  }
  return matrixInput(values, width);
}
