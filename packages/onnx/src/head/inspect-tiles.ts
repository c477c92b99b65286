import type { HeadInspection, ReducedBatch } from '@cf/core';
import type { ClassTiles } from './class-tiles.ts';
import type { GraphPass } from './graph-pass.ts';
import type { NegativeSums } from './negative-sums.ts';

/** The logits of the negatives and their gradients, tile by tile. */
export async function inspectTiles(
  tiles: ClassTiles,
  graph: GraphPass,
  count: number,
  sums: NegativeSums,
  reduced: ReducedBatch,
  batch: number,
  classes: number,
): Promise<HeadInspection> {
  const inspection = {
    logits: new Float32Array(batch * classes),
    gradLogits: new Float32Array(batch * classes),
  };
  for (let tile = 0; tile < count; tile++) {
    const { start, count: columns } = tiles.range(tile);
    const { logits, exp } = await tiles.inspect(tile, graph);
    for (let i = 0; i < batch; i++) {
      const factor = sums.scale(tile)[i]! * reduced.dNll[i]!;
      for (let j = 0; j < columns; j++) {
        const at = i * classes + start + j;
        inspection.logits[at] = logits[i * columns + j]!;
        inspection.gradLogits[at] = factor * exp[i * columns + j]!;
      }
    }
  }
  return inspection;
}
