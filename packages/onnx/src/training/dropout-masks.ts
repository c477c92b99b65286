import { fillUniform, hashOfName } from '@cf/core';
import type { DropoutMask } from '../passes/dropout.ts';

import { sizeOf } from './tensor-store.ts';

/**
 * Fills a mask for consecutive samples: 1 / (1 − ratio) where a feature stays, 0 where it goes. What a sample keeps is
 * a function of (seed, mask, step, position), so it does not depend on how a batch is split.
 *
 * @param out [B, …sample]
 * @param first position of the first sample among those since the last update
 */
export function fillMask(
  out: Float32Array,
  mask: DropoutMask,
  seed: number,
  step: number,
  first: number,
): void {
  const size = sizeOf(mask.sample);
  const name = hashOfName(mask.name);
  const kept = 1 / (1 - mask.ratio);
  for (let row = 0; row * size < out.length; row++) {
    const values = out.subarray(row * size, (row + 1) * size);
    fillUniform(values, seed, name, step, first + row);
    for (let i = 0; i < size; i++) values[i] = values[i]! < mask.ratio ? 0 : kept;
  }
}
