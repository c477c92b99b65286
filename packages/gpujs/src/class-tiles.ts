import { type BatchContext, plainRows, unitRows } from '@cf/core';
import { biasPlace } from './kernels/bias-place.ts';
import type { HeadKernels } from './kernels/head-kernels.ts';
import { type KernelSet, type KernelValue, release, releaseOnError, scratch } from './kernels/kernel-set.ts';
import type { TileShape } from './kernels/kernel-source.ts';

/** Numbers of tiles that are kept from pass 1 to pass 2 (64 MiB); the rest is computed again, with the same bits. */
const KEPT_NUMBERS = 2 ** 24;

/** Rows that are normalised at a time, so that their float64 copies stay in cache. */
const BLOCK = 64;

/** A run of whole classes with its cosines. */
export interface ClassTile {
  readonly firstClass: number;
  readonly shape: TileShape;
  /** ŵ, or w where the geometry is `inner`: [rows, d]. */
  readonly centers: KernelValue;
  /** 1/‖w‖, 0 for a zero vector; 1 where the geometry is `inner`: [rows]. */
  readonly inverse: Float64Array;
  /** Where the loss has a bias: [classes]. */
  readonly bias: Float32Array | undefined;
  /** [classes, B]. */
  readonly cosines: KernelValue;
  /** Which of the rows of a class its cosine is of: [classes, B]. Undefined where there is one a class. */
  readonly winners: KernelValue | undefined;
}

/** What the tiles of one batch are made of. */
export interface ClassTilesInput {
  readonly batch: Pick<BatchContext, 'loss' | 'x' | 'weights' | 'bias' | 'classes' | 'subCenters'>;
  readonly set: KernelSet;
  readonly kernels: HeadKernels;
  /** Classes a tile. */
  readonly tileSize: number;
  /** Default 2²⁴, 64 MiB. */
  readonly keptNumbers?: number;
}

/** Streams over the tiles of W against the embeddings of one batch. */
export class ClassTiles {
  readonly count: number;
  readonly #input: ClassTilesInput;
  readonly #embeddings: KernelValue;
  readonly #transposed: KernelValue;
  readonly #kept: Map<number, ClassTile> = new Map();
  readonly #budget: number;
  #keptNumbers = 0;

  private constructor(input: ClassTilesInput, embeddings: KernelValue, transposed: KernelValue) {
    this.#input = input;
    this.#embeddings = embeddings;
    this.#transposed = transposed;
    this.#budget = input.keptNumbers ?? KEPT_NUMBERS;
    this.count = Math.ceil(input.batch.classes / input.tileSize);
  }

  /** Brings the embeddings onto the device. */
  static async open(input: ClassTilesInput): Promise<ClassTiles> {
    const { set, batch } = input;
    const { x } = batch;
    const transposed = new Float32Array(x.count * x.dim);
    for (let i = 0; i < x.count; i++) {
      for (let k = 0; k < x.dim; k++) transposed[k * x.count + i] = x.unit[i * x.dim + k]!;
    }
    const embeddings = await set.upload(new Float32Array(x.unit), x.dim);
    const turned = await releaseOnError(embeddings, () => set.upload(transposed, x.count));
    return new ClassTiles(input, embeddings, turned);
  }

  /** x̂ᵀ, or xᵀ where the geometry is `inner`: [d, B]. */
  get transposedEmbeddings(): KernelValue {
    return this.#transposed;
  }

  /** Hands one tile after another to `use`: backwards, so that the last ones of the pass before come first. */
  async each(order: 'forwards' | 'backwards', use: (tile: ClassTile) => Promise<void>): Promise<void> {
    for (let at = 0; at < this.count; at++) {
      await this.use(order === 'forwards' ? at : this.count - 1 - at, use);
    }
  }

  /** Hands a tile to `use`; it is freed afterwards unless it is kept. */
  async use<T>(index: number, use: (tile: ClassTile) => Promise<T>): Promise<T> {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return use(kept);
    const tile = await this.#compute(index);
    const { batch, classes, rows, dim } = tile.shape;
    const numbers = (tile.winners === undefined ? 1 : 2) * classes * batch + rows * dim;
    if (this.#keptNumbers + numbers <= this.#budget) {
      this.#kept.set(index, tile);
      this.#keptNumbers += numbers;
      return use(tile);
    }
    try {
      return await use(tile);
    } finally {
      free(tile);
    }
  }

  /** Frees what is kept. */
  dispose(): void {
    for (const tile of this.#kept.values()) free(tile);
    this.#kept.clear();
    release(this.#embeddings);
    release(this.#transposed);
  }

  async #compute(index: number): Promise<ClassTile> {
    const { batch, set, tileSize } = this.#input;
    const { x, classes, subCenters, bias } = batch;
    const firstClass = index * tileSize;
    const end = Math.min(firstClass + tileSize, classes);
    const [firstRow, endRow] = [firstClass * subCenters, end * subCenters];
    const { unit, inverse } = normalised(batch, firstRow, endRow);
    const shape = {
      batch: x.count,
      classes: end - firstClass,
      subCenters,
      rows: endRow - firstRow,
      dim: x.dim,
    };
    const ofTile = bias && new Float32Array(bias.subarray(firstClass, end));
    const centers = await set.upload(unit, x.dim);
    const nearest = await releaseOnError(centers, () => this.#cosines(shape, centers, ofTile));
    return { firstClass, shape, centers, inverse, bias: ofTile, ...nearest };
  }

  async #cosines(
    shape: TileShape,
    centers: KernelValue,
    bias: Float32Array | undefined,
  ): Promise<Pick<ClassTile, 'cosines' | 'winners'>> {
    const { batch, set, kernels } = this.#input;
    const vectors = [this.#embeddings, centers];
    const biases = biasPlace(batch.loss) === 'product' ? [bias!] : [];
    if (shape.subCenters === 1) {
      return { cosines: await set.run(kernels.cosines, shape, [...vectors, ...biases]), winners: undefined };
    }
    return scratch(set, async (run) => {
      const products = await run(kernels.products, shape, vectors);
      const winners = await set.run(kernels.winners, shape, [products]);
      const cosines = await releaseOnError(winners, () =>
        set.run(kernels.nearest, shape, [products, ...biases]),
      );
      return { cosines, winners };
    });
  }
}

function free(tile: ClassTile): void {
  release(tile.cosines);
  release(tile.winners);
  release(tile.centers);
}

/** Rows `start` to `end`, normalised in float64 and rounded once. */
function normalised(
  { loss, weights, x: { dim } }: ClassTilesInput['batch'],
  start: number,
  end: number,
): { unit: Float32Array; inverse: Float64Array } {
  const rowsOf = loss.geometry === 'inner' ? plainRows : unitRows;
  const unit = new Float32Array((end - start) * dim);
  const inverse = new Float64Array(end - start);
  for (let from = start; from < end; from += BLOCK) {
    const rows = rowsOf(weights, dim, from, Math.min(from + BLOCK, end));
    unit.set(rows.unit, (from - start) * dim);
    inverse.set(rows.inverse, from - start);
  }
  return { unit, inverse };
}
