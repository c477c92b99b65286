import {
  type ClassGradients,
  mergeLogSumExp,
  type NegativeCounts,
  type NegativesSeen,
  type ReducedBatch,
} from '@cf/core';
import { classGradients, factorsOf } from './class-gradients.ts';
import type { EmbeddingSums } from './embedding-sums.ts';
import { inspectTiles } from './inspect-tiles.ts';
import { NamedSums, type NegativeSums } from './negative-sums.ts';
import { largestSlope, tilesToSkip } from './skip-tiles.ts';
import { emptyEmbeddingSums, emptyGradBias, type StepWork } from './step-work.ts';

/** Pass 1 of a softmax: what the tiles come to goes into `sums`. */
export async function seeNegatives(work: StepWork, sums: NegativeSums): Promise<NegativesSeen> {
  const { context, tiles } = work;
  const counts: NegativeCounts[] = [];
  const named = new NamedSums(context.loss, context.batch);
  for (let tile = 0; tile < tiles.count; tile++) {
    const forward = await tiles.forward(tile, context.countNegatives);
    sums.add(forward.sums);
    named.add(forward.named);
    if (forward.counts !== undefined) counts.push(forward.counts);
  }
  return { logSumExp: mergeLogSumExp(sums.logSumExps()), sums: named.sums, counts: mergeCounts(counts) };
}

/** Pass 2 of a softmax, from what pass 1 has left of the tiles, without those that no gradient would feel. */
export async function keptGradients(
  work: StepWork,
  sums: NegativeSums,
  reduced: ReducedBatch,
  again: boolean = false,
): Promise<ClassGradients> {
  const { context, tiles, gradWeights } = work;
  const { loss, batch, prepared, inspect } = context;
  sums.complete(reduced.logSumExp);
  const bound = inspect ? 0 : work.skipBound / largestSlope(loss, prepared);
  const skipped = tilesToSkip(tiles.count, batch, (tile, sample) => sums.share(tile, sample), bound);
  const bias = emptyGradBias(context);
  const perPartial = (tile: number): Float64Array =>
    sums.scale(tile).map((value, i) => value * reduced.dNll[i]!);
  const embeddings = emptyEmbeddingSums(work, !again);
  await backwardTiles(work, { sums, skipped, embeddings, bias, perPartial });
  const inspection = inspect
    ? await inspectTiles(work, (tile) => ({ shift: sums.shift(tile), perPartial: perPartial(tile) }))
    : undefined;
  const parts = {
    embeddings,
    weights: gradWeights(),
    bias,
    radial: sums.radials().map((value, i) => value * reduced.dNll[i]!),
    inspection,
    skipped: [...skipped].reduce((sum, tile) => sum + tiles.range(tile).count, 0),
  };
  return classGradients(context, parts, work.allocate);
}

interface Backward {
  readonly sums: NegativeSums;
  readonly skipped: ReadonlySet<number>;
  readonly embeddings: EmbeddingSums;
  readonly bias: Float32Array | undefined;
  /** (∂L/∂z_ij)/e_ij of a tile: [B]. */
  readonly perPartial: (tile: number) => Float64Array;
}

/** The last tile first. Tiles of one shift have the same factors. */
async function backwardTiles({ context, tiles }: StepWork, backward: Backward): Promise<void> {
  const { sums, skipped, embeddings, bias, perPartial } = backward;
  let shift: Float32Array | undefined;
  for (let tile = tiles.count - 1; tile >= 0; tile--) {
    if (skipped.has(tile)) {
      tiles.skip(tile);
      continue;
    }
    if (shift !== sums.shift(tile)) embeddings.begin(factorsOf(context, perPartial(tile)));
    shift = sums.shift(tile);
    await tiles.backward(tile, embeddings, bias);
  }
}

/** Over all tiles; undefined where nobody counted. */
export function mergeCounts(counts: readonly NegativeCounts[]): NegativeCounts | undefined {
  if (counts.length === 0) return undefined;
  return {
    hard: counts.reduce((sum, { hard }) => sum + hard, 0),
    emphasised: counts.reduce((sum, { emphasised }) => sum + emphasised, 0),
    minSlope: Math.min(...counts.map(({ minSlope }) => minSlope)),
    maxSlope: Math.max(...counts.map(({ maxSlope }) => maxSlope)),
  };
}
