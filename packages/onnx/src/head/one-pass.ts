import {
  type ClassGradients,
  emptyLogSumExp,
  type NegativeCounts,
  type PairsSeen,
  type ReducedBatch,
} from '@cf/core';
import { classGradients, factorsOf } from './class-gradients.ts';
import { inspectTiles } from './inspect-tiles.ts';
import { addTo, NamedSums } from './negative-sums.ts';
import { emptyEmbeddingSums, emptyGradBias, type StepWork } from './step-work.ts';
import type { Partials } from './tile-pass.ts';
import { mergeCounts } from './two-passes.ts';

/** The one pass of a binary objective. @param dNll without it, the losses alone. */
export async function pairsInOnePass(
  work: StepWork,
  dNll: Float64Array | undefined,
  again: boolean = false,
): Promise<PairsSeen> {
  const { context, tiles } = work;
  const { loss, batch, countNegatives } = context;
  const seen = { logSumExp: emptyLogSumExp(batch), counts: undefined };
  if (dNll !== undefined) {
    const swept = await sweptGradients(work, { perPartial: dNll, count: countNegatives && !again, again });
    return { ...seen, ...swept };
  }
  const sums = new NamedSums(loss, batch);
  const counts: NegativeCounts[] = [];
  for (let tile = 0; tile < tiles.count; tile++) {
    const found = await tiles.sweep(tile, { keep: false, count: countNegatives });
    sums.add(found.sums);
    if (found.counts !== undefined) counts.push(found.counts);
  }
  return { ...seen, sums: sums.sums, counts: mergeCounts(counts), gradients: undefined };
}

/**
 * Pass 2 of a softmax with label smoothing: no probability is small beside ε/C, so no tile is left out, and what pass 1 could
 * keep is not what is needed.
 */
export async function smoothedGradients(
  work: StepWork,
  reduced: ReducedBatch,
  again: boolean = false,
): Promise<ClassGradients> {
  const { dNll, logSumExp } = reduced;
  // What rounding the shift has moved is made good in float64.
  const shift = Float32Array.from(logSumExp);
  const rounded = shift.map((value, i) => Math.exp(value - logSumExp[i]!));
  const share = Float32Array.from(
    logSumExp,
    (exact, i) => work.context.uniformShare * Math.exp(exact - shift[i]!),
  );
  const perPartial = dNll.map((value, i) => value * rounded[i]!);
  return (await sweptGradients(work, { shift, share, perPartial, count: false, again })).gradients;
}

interface Swept extends Partials {
  /** (∂L/∂z_ij)/e_ij: [B]. */
  readonly perPartial: Float64Array;
  readonly count: boolean;
  /** Whether ∂L/∂X is known from the time before. */
  readonly again: boolean;
}

/**
 * Each tile's products, element-wise work and both products of its gradients, while it is near the processor: nothing of it
 * is kept.
 */
async function sweptGradients(
  work: StepWork,
  swept: Swept,
): Promise<Pick<PairsSeen, 'sums' | 'counts'> & { readonly gradients: ClassGradients }> {
  const { context, tiles, gradWeights } = work;
  const { loss, batch } = context;
  const { perPartial, count, shift, share, again } = swept;
  const sums = new NamedSums(loss, batch);
  const counts: NegativeCounts[] = [];
  const radial = new Float64Array(batch);
  const bias = emptyGradBias(context);
  const embeddings = emptyEmbeddingSums(work, !again);
  const factor = factorsOf(context, perPartial);
  embeddings.begin(factor);
  const request = { shift, share, dNll: Float32Array.from(perPartial), factor, keep: true, count };
  for (let tile = 0; tile < tiles.count; tile++) {
    const found = await tiles.sweep(tile, request);
    sums.add(found.sums);
    addTo(radial, found.radial);
    if (found.counts !== undefined) counts.push(found.counts);
    if (found.gradBias !== undefined) bias?.set(found.gradBias, tiles.range(tile).start);
    await tiles.backwardNow(tile, embeddings, bias, found.along);
  }
  const inspection = context.inspect ? await inspectTiles(work, () => swept) : undefined;
  const parts = {
    embeddings,
    weights: gradWeights(),
    bias,
    radial: radial.map((value, i) => value * perPartial[i]!),
    inspection,
    skipped: 0,
  };
  const gradients = classGradients(context, parts, work.allocate);
  return { sums: sums.sums, counts: mergeCounts(counts), gradients };
}
