import type { HeadInspection } from '@cf/core';
import type { StepWork } from './step-work.ts';
import type { Partials } from './tile-pass.ts';

/** Turns a tile's e_ij into gradients. */
export interface InspectedPartials extends Partials {
  /** (∂L/∂z_ij)/e_ij: [B]. */
  readonly perPartial: Float64Array;
}

/** The logits of the negatives and their gradients, tile by tile. */
export async function inspectTiles(
  { context: { batch, classes }, tiles, graph }: StepWork,
  ofTile: (tile: number) => InspectedPartials,
): Promise<HeadInspection> {
  const inspection = {
    logits: new Float32Array(batch * classes),
    gradLogits: new Float32Array(batch * classes),
  };
  for (let tile = 0; tile < tiles.count; tile++) {
    const { start, count: columns } = tiles.range(tile);
    const { perPartial, ...given } = ofTile(tile);
    const { logits, partials } = await tiles.inspect(tile, graph, given);
    for (let i = 0; i < batch; i++) {
      for (let j = 0; j < columns; j++) {
        const at = i * classes + start + j;
        inspection.logits[at] = logits[i * columns + j]!;
        inspection.gradLogits[at] = perPartial[i]! * partials[i * columns + j]!;
      }
    }
  }
  return inspection;
}
