import { fillUniform, hashOfName } from './keyed-uniform.ts';

/** Which dropout a mask is of. */
export interface DropoutLayer {
  /** Tells it from the other dropouts of the network. */
  readonly name: string;
  /** Share of the features that goes. */
  readonly ratio: number;
}

/** What a sample's mask is keyed by, beside its layer. */
export interface DropoutKeys {
  readonly seed: number;
  /** Optimiser steps before this one. */
  readonly step: number;
  /** Position of the first sample among all samples of the optimiser step. */
  readonly position: number;
}

/**
 * Fills a mask for consecutive samples: 1 / (1 − ratio) where a feature stays, 0 where it goes. What a sample keeps is
 * a function of (seed, layer, step, position), so it does not depend on how a batch is split.
 *
 * @param out [B, features]
 * @param features numbers a sample
 */
export function fillDropoutMask(
  out: Float32Array,
  features: number,
  { name, ratio }: DropoutLayer,
  { seed, step, position }: DropoutKeys,
): void {
  const layer = hashOfName(name);
  const kept = 1 / (1 - ratio);
  for (let row = 0; row * features < out.length; row++) {
    const values = out.subarray(row * features, (row + 1) * features);
    fillUniform(values, seed, layer, step, position + row);
    for (let i = 0; i < features; i++) values[i] = values[i]! < ratio ? 0 : kept;
  }
}
