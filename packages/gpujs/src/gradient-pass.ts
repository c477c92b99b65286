import type { ReducedBatch } from '@cf/core';
import type { ClassTile } from './class-tiles.ts';
import { type KernelValue, release } from './kernels/kernel-set.ts';
import { type Exponents, sampleMatrix } from './samples.ts';
import type { StepContext } from './step-context.ts';

/** Where the gradients of one step are added up. */
export interface GradientTotals {
  /** [B, d]. */
  readonly embeddings: Float64Array;
  /** [C, d]. */
  readonly weights: Float32Array;
  /** [C], for losses with a bias. */
  readonly bias: Float32Array | undefined;
  /** Filled with the negatives' logits and their gradients where the full matrices were asked for: [B, C] each. */
  readonly inspection: { readonly logits: Float32Array; readonly gradLogits: Float32Array } | undefined;
}

/** Pass 2 over the classes: adds what the negatives contribute. */
export async function gradientPass(
  context: StepContext,
  reduced: ReducedBatch,
  totals: GradientTotals,
): Promise<void> {
  const exponents = exponentsOf(reduced);
  for (let index = 0; index < context.tiles.count; index++) {
    await context.tiles.use(index, (tile) => addTile(context, tile, exponents, totals));
  }
}

/** dNll·e^{z − lse} = (dNll·e^{shift − lse})·e^{z − shift}: only the factor is rounded to float32, not lse. */
function exponentsOf({ dNll, logSumExp }: ReducedBatch): Exponents {
  const shift = new Float32Array(logSumExp);
  return {
    shift,
    factor: Float32Array.from(dNll, (slope, i) => slope * Math.exp(shift[i]! - logSumExp[i]!)),
  };
}

async function addTile(
  context: StepContext,
  tile: ClassTile,
  exponents: Exponents,
  totals: GradientTotals,
): Promise<void> {
  const { loss, set, kernels, prepared, labels } = context;
  const samples = sampleMatrix(loss, prepared, labels, tile.firstClass, exponents);
  const slopes = await set.run(kernels.slopes, tile.shape, [tile.cosines, samples]);
  try {
    await addEmbeddings(context, tile, slopes, totals.embeddings);
    await addWeights(context, tile, slopes, totals.weights);
  } finally {
    release(slopes);
  }
  if (loss.geometry === 'norm-scaled') await addNorms(context, tile, samples, totals.embeddings);
  if (totals.bias !== undefined) {
    totals.bias.set(await set.vector(kernels.bias, tile.shape, [tile.cosines, samples]), tile.firstClass);
  }
  if (totals.inspection !== undefined) await inspect(context, tile, samples, totals.inspection);
}

async function addEmbeddings(
  { loss, set, kernels, tiles, x }: StepContext,
  tile: ClassTile,
  slopes: KernelValue,
  out: Float64Array,
): Promise<void> {
  const along =
    loss.geometry === 'inner'
      ? undefined
      : await set.run(kernels.sampleAlong, tile.shape, [tile.cosines, slopes]);
  const args = along === undefined ? [slopes, tile.centers] : [slopes, tile.centers, along, tiles.embeddings];
  const rows = await set.matrix(kernels.embeddings, tile.shape, args);
  release(along);
  for (const [i, row] of rows.entries()) {
    const from = i * x.dim;
    const inverse = x.inverse[i]!;
    for (let k = 0; k < x.dim; k++) out[from + k]! += row[k]! * inverse;
  }
}

async function addWeights(
  { loss, set, kernels, tiles, x }: StepContext,
  tile: ClassTile,
  slopes: KernelValue,
  out: Float32Array,
): Promise<void> {
  const along =
    loss.geometry === 'inner'
      ? undefined
      : await set.run(kernels.classAlong, tile.shape, [tile.cosines, slopes]);
  const args =
    along === undefined ? [slopes, tiles.embeddings] : [slopes, tiles.embeddings, along, tile.centers];
  const rows = await set.matrix(kernels.weights, tile.shape, args);
  release(along);
  for (const [j, row] of rows.entries()) {
    const from = (tile.firstClass + j) * x.dim;
    const inverse = tile.inverse[j]!;
    for (let k = 0; k < x.dim; k++) out[from + k] = row[k]! * inverse;
  }
}

/** Where a row is scaled by ‖x‖, every logit of it grows along x̂. */
async function addNorms(
  { set, kernels, x }: StepContext,
  tile: ClassTile,
  samples: KernelValue,
  out: Float64Array,
): Promise<void> {
  const slopes = await set.vector(kernels.norm, tile.shape, [tile.cosines, samples]);
  for (let i = 0; i < x.count; i++) {
    const from = i * x.dim;
    for (let k = 0; k < x.dim; k++) out[from + k]! += slopes[i]! * x.unit[from + k]!;
  }
}

async function inspect(
  { set, kernels, x }: StepContext,
  tile: ClassTile,
  samples: KernelValue,
  out: NonNullable<GradientTotals['inspection']>,
): Promise<void> {
  const classes = out.logits.length / x.count;
  const args = [tile.cosines, samples];
  const logits = await set.matrix(kernels.logits, tile.shape, args);
  const gradLogits = await set.matrix(kernels.gradLogits, tile.shape, args);
  for (let i = 0; i < x.count; i++) {
    out.logits.set(logits[i]!, i * classes + tile.firstClass);
    out.gradLogits.set(gradLogits[i]!, i * classes + tile.firstClass);
  }
}
