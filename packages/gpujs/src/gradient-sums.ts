import type { ClassGradients } from '@cf/core';
import type { ClassTile } from './class-tiles.ts';
import { type KernelValue, scratch } from './kernels/kernel-set.ts';
import { CHUNK } from './kernels/negative-kernels.ts';
import { pairArguments } from './samples.ts';
import type { StepContext } from './step-context.ts';

/** What the negatives contribute to the gradients of one step; it grows as tiles are read back. */
export class GradientSums {
  readonly #context: StepContext;
  readonly #factors: KernelValue;
  readonly #embeddings: Float64Array;
  readonly #weights: Float32Array;
  readonly #bias: Float32Array | undefined;
  readonly #inspection: { readonly logits: Float32Array; readonly gradLogits: Float32Array } | undefined;
  /** ∂loss/∂‖x‖ by the scale of the logits: [B]. */
  readonly #radial: Float64Array;

  /** @param factors what makes ∂loss/∂logit of a logit: [B, 3]. */
  constructor(context: StepContext, factors: KernelValue) {
    const { batch, classes, dim, loss, inspect, weights, gradWeights } = context;
    this.#context = context;
    this.#factors = factors;
    this.#embeddings = new Float64Array(batch * dim);
    // Every row is written.
    this.#weights = gradWeights ?? new Float32Array(weights.length);
    this.#bias = loss.bias ? new Float32Array(classes) : undefined;
    this.#inspection = inspect
      ? { logits: new Float32Array(batch * classes), gradLogits: new Float32Array(batch * classes) }
      : undefined;
    this.#radial = new Float64Array(batch);
  }

  /** Queues what a tile contributes. */
  async add(tile: ClassTile): Promise<void> {
    const { loss, set, kernels, readback } = this.#context;
    const { batch, classes } = tile.shape;
    const pair = pairArguments(this.#context, tile);
    const all = [...pair, this.#factors];
    await scratch(set, async (run) => {
      const slopes = await run(kernels.slopes, tile.shape, all);
      const { winners } = tile;
      const toRows = (values: KernelValue): Promise<KernelValue> | KernelValue =>
        winners === undefined ? values : run(kernels.toRows, tile.shape, [values, winners]);
      const ofRows = await toRows(slopes);
      await this.#addEmbeddings(tile, ofRows);
      const along =
        loss.geometry === 'inner'
          ? undefined
          : await run(kernels.classAlong, tile.shape, [await toRows(tile.cosines), ofRows]);
      await this.#addWeights(tile, ofRows, along);
    });
    if (loss.geometry === 'norm-scaled') {
      const norms = await set.run(kernels.norm, { ...tile.shape, chunk: CHUNK }, all);
      await readback.add([norms], batch * Math.ceil(classes / CHUNK), (rows) => {
        for (const row of rows) for (let i = 0; i < batch; i++) this.#radial[i]! += row[i]!;
      });
    }
    const bias = this.#bias;
    if (bias !== undefined) {
      await readback.add([await set.run(kernels.bias, tile.shape, all)], classes, (row) =>
        bias.set(row as unknown as Float32Array, tile.firstClass),
      );
    }
    const inspection = this.#inspection;
    if (inspection === undefined) return;
    for (const [name, args] of [
      ['logits', pair],
      ['gradLogits', all],
    ] as const) {
      const matrix = await set.run(kernels[name], tile.shape, args);
      await readback.add([matrix], batch * classes, (rows) =>
        readColumns(rows, tile.firstClass, inspection[name]),
      );
    }
  }

  /** Reads all that waits. To be called once. */
  async finish(): Promise<ClassGradients> {
    await this.#context.readback.drain();
    this.#finishEmbeddings();
    return {
      embeddings: this.#embeddings,
      weights: this.#weights,
      bias: this.#bias,
      inspection: this.#inspection,
    };
  }

  async #addEmbeddings(tile: ClassTile, slopes: KernelValue): Promise<void> {
    const { set, kernels, readback } = this.#context;
    const { batch, rows: columns, dim } = tile.shape;
    const out = this.#embeddings;
    await scratch(set, async (run) => {
      const bySample = await run(kernels.transpose, { rows: batch, columns }, [slopes]);
      const centers = await run(kernels.transpose, { rows: dim, columns }, [tile.centers]);
      const sums = await set.run(kernels.embeddings, tile.shape, [bySample, centers]);
      await readback.add([sums], batch * dim, (rows) => {
        for (let k = 0; k < dim; k++) {
          const row = rows[k]!;
          for (let i = 0; i < batch; i++) out[i * dim + k]! += row[i]!;
        }
      });
    });
  }

  async #addWeights(
    { shape, firstClass, centers, inverse }: ClassTile,
    slopes: KernelValue,
    along: KernelValue | undefined,
  ): Promise<void> {
    const { set, kernels, tiles, readback } = this.#context;
    const { dim, rows: count, subCenters } = shape;
    const args = [slopes, tiles.transposedEmbeddings, ...(along === undefined ? [] : [along, centers])];
    const sums = await set.run(kernels.weights, shape, args);
    await readback.add([sums], count * dim, (rows) => {
      for (const [r, row] of rows.entries()) {
        const from = (firstClass * subCenters + r) * dim;
        for (let k = 0; k < dim; k++) this.#weights[from + k] = row[k]! * inverse[r]!;
      }
    });
  }

  /**
   * Σ_j slope_ij·ŵ_j → its tangential part over ‖x‖: Σ_j slope_ij·(ŵ_j − cos θ_ij·x̂_i)/‖x_i‖. Where a row is scaled by ‖x‖,
   * every logit of it grows along x̂.
   */
  #finishEmbeddings(): void {
    const { loss, x } = this.#context;
    const out = this.#embeddings;
    if (loss.geometry === 'inner') return;
    for (let i = 0; i < x.count; i++) {
      const from = i * x.dim;
      let along = 0;
      for (let k = 0; k < x.dim; k++) along += out[from + k]! * x.unit[from + k]!;
      for (let k = 0; k < x.dim; k++) {
        const unit = x.unit[from + k]!;
        out[from + k] = (out[from + k]! - along * unit) * x.inverse[i]! + this.#radial[i]! * unit;
      }
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
