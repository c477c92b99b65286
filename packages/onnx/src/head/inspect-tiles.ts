import type { BatchContext, HeadInspection, ReducedBatch } from '@cf/core';
import type { ClassTiles } from './class-tiles.ts';
import type { GraphPass } from './graph-pass.ts';
import type { NegativeSums } from './negative-sums.ts';

/** What the full logits are read from. */
export interface InspectTiles {
  readonly context: BatchContext;
  readonly reduced: ReducedBatch;
  readonly tiles: ClassTiles;
  readonly graph: GraphPass;
  readonly sums: NegativeSums;
}

/** The logits of the negatives and their gradients, tile by tile. */
export async function inspectTiles({
  context: { batch, classes },
  reduced,
  tiles,
  graph,
  sums,
}: InspectTiles): Promise<HeadInspection> {
  const inspection = {
    logits: new Float32Array(batch * classes),
    gradLogits: new Float32Array(batch * classes),
  };
  for (let tile = 0; tile < tiles.count; tile++) {
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
