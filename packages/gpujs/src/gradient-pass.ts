import type { BatchContext, ClassGradients } from '@cf/core';
import type { ClassTile } from './class-tiles.ts';
import { type KernelValue, release, releaseOnError } from './kernels/kernel-set.ts';
import { CHUNK } from './kernels/negative-kernels.ts';
import { sampleMatrix } from './samples.ts';
import type { StepContext } from './step-context.ts';

/** Where the gradients of one step are added up. */
export interface GradientTotals extends ClassGradients {
  readonly weights: Float32Array;
  readonly bias: Float32Array | undefined;
  readonly inspection: { readonly logits: Float32Array; readonly gradLogits: Float32Array } | undefined;
}

/** Totals before the first tile. */
export function emptyGradients({
  batch,
  classes,
  dim,
  loss,
  inspect,
  gradWeights,
}: BatchContext): GradientTotals {
  return {
    embeddings: new Float64Array(batch * dim),
    // Every row is written.
    weights: gradWeights ?? new Float32Array(classes * dim),
    bias: loss.bias ? new Float32Array(classes) : undefined,
    inspection: inspect
      ? { logits: new Float32Array(batch * classes), gradLogits: new Float32Array(batch * classes) }
      : undefined,
  };
}

/**
 * Pass 2 over the classes: adds what the negatives contribute. Every tile is queued before the first gradient is read;
 * then all that waits is.
 *
 * @param exponents what makes ∂loss/∂logit of a logit: [B, 2].
 */
export async function gradientPass(
  context: StepContext,
  exponents: KernelValue,
  totals: GradientTotals,
): Promise<void> {
  const radial = new Float64Array(context.x.count);
  for (let index = context.tiles.count - 1; index >= 0; index--) {
    await context.tiles.use(index, (tile) => addTile(context, tile, exponents, totals, radial));
  }
  await context.readback.drain();
  finishEmbeddings(context, radial, totals.embeddings);
}

async function addTile(
  context: StepContext,
  tile: ClassTile,
  exponents: KernelValue,
  totals: GradientTotals,
  radial: Float64Array,
): Promise<void> {
  const { loss, set, kernels, prepared, labels, readback } = context;
  const pair = [tile.cosines, sampleMatrix(loss, prepared, labels, tile.firstClass)];
  const triple = [...pair, exponents];
  const slopes = await set.run(kernels.slopes, tile.shape, triple);
  try {
    await addEmbeddings(context, tile, slopes, totals.embeddings);
    await addWeights(context, tile, slopes, totals.weights);
  } finally {
    release(slopes);
  }
  const { batch, classes } = tile.shape;
  if (loss.geometry === 'norm-scaled') {
    const norms = await set.run(kernels.norm, { ...tile.shape, chunk: CHUNK }, triple);
    await readback.add([norms], batch * Math.ceil(classes / CHUNK), (rows) => {
      for (const row of rows) for (let i = 0; i < batch; i++) radial[i]! += row[i]!;
    });
  }
  if (totals.bias !== undefined) {
    const bias = await set.run(kernels.bias, tile.shape, triple);
    await readback.add([bias], classes, (row) =>
      totals.bias!.set(row as unknown as Float32Array, tile.firstClass),
    );
  }
  if (totals.inspection !== undefined) {
    for (const [name, args] of [
      ['logits', pair],
      ['gradLogits', triple],
    ] as const) {
      const matrix = await set.run(kernels[name], tile.shape, args);
      await readback.add([matrix], batch * classes, (rows) =>
        readColumns(rows, tile.firstClass, totals.inspection![name]),
      );
    }
  }
}

async function addEmbeddings(
  { set, kernels, x, readback }: StepContext,
  tile: ClassTile,
  slopes: KernelValue,
  out: Float64Array,
): Promise<void> {
  const { batch, classes, dim } = tile.shape;
  const bySample = await set.run(kernels.transpose, { rows: batch, columns: classes }, [slopes]);
  const centers = await releaseOnError(bySample, () =>
    set.run(kernels.transpose, { rows: dim, columns: classes }, [tile.centers]),
  );
  try {
    const sums = await set.run(kernels.embeddings, tile.shape, [bySample, centers]);
    await readback.add([sums], batch * dim, (rows) => {
      for (let k = 0; k < dim; k++) {
        const row = rows[k]!;
        for (let i = 0; i < batch; i++) out[i * x.dim + k]! += row[i]!;
      }
    });
  } finally {
    release(bySample);
    release(centers);
  }
}

async function addWeights(
  { loss, set, kernels, tiles, x, readback }: StepContext,
  tile: ClassTile,
  slopes: KernelValue,
  out: Float32Array,
): Promise<void> {
  const args = [slopes, tiles.transposedEmbeddings];
  const along =
    loss.geometry === 'inner'
      ? undefined
      : await set.run(kernels.classAlong, tile.shape, [tile.cosines, slopes]);
  if (along !== undefined) args.push(along, tile.centers);
  try {
    const { firstClass, inverse } = tile;
    const sums = await set.run(kernels.weights, tile.shape, args);
    await readback.add([sums], tile.shape.classes * x.dim, (rows) => {
      for (const [j, row] of rows.entries()) {
        const from = (firstClass + j) * x.dim;
        for (let k = 0; k < x.dim; k++) out[from + k] = row[k]! * inverse[j]!;
      }
    });
  } finally {
    release(along);
  }
}

/**
 * Σ_j slope_ij·ŵ_j → its tangential part over ‖x‖: Σ_j slope_ij·(ŵ_j − cos θ_ij·x̂_i)/‖x_i‖. Where a row is scaled by ‖x‖,
 * every logit of it grows along x̂.
 */
function finishEmbeddings({ loss, x }: StepContext, radial: Float64Array, out: Float64Array): void {
  if (loss.geometry === 'inner') return;
  for (let i = 0; i < x.count; i++) {
    const from = i * x.dim;
    let along = 0;
    for (let k = 0; k < x.dim; k++) along += out[from + k]! * x.unit[from + k]!;
    for (let k = 0; k < x.dim; k++) {
      const unit = x.unit[from + k]!;
      out[from + k] = (out[from + k]! - along * unit) * x.inverse[i]! + radial[i]! * unit;
    }
  }
}

/** [classes, B] into columns of [B, C]. */
function readColumns(rows: readonly Float32Array[], firstClass: number, out: Float32Array): void {
  const batch = rows[0]!.length;
  const classes = out.length / batch;
  for (const [j, row] of rows.entries()) {
    for (let i = 0; i < batch; i++) out[i * classes + firstClass + j] = row[i]!;
  }
}
