import { type FloatArray, type MarginLoss, plainRows, type UnitRows, unitRows } from '@cf/core';
import type { HeadKernels } from './kernels/head-kernels.ts';
import { type KernelSet, type KernelValue, release, releaseOnError } from './kernels/kernel-set.ts';
import type { TileShape } from './kernels/kernel-source.ts';

/** Numbers of tiles that are kept from pass 1 to pass 2 (64 MiB); the rest is computed again, with the same bits. */
const KEPT_NUMBERS = 2 ** 24;

/** Rows that are normalised at a time, so that their float64 copies stay in cache. */
const BLOCK = 64;

/** A run of classes with its cosines. */
export interface ClassTile {
  readonly firstClass: number;
  readonly shape: TileShape;
  /** ŵ, or w where the geometry is `inner`: [classes, d]. */
  readonly centers: KernelValue;
  /** 1/‖w‖, 0 for a zero vector; 1 where the geometry is `inner`: [classes]. */
  readonly inverse: Float64Array;
  /** [classes, B]. */
  readonly cosines: KernelValue;
}

/** What the tiles of one batch are made of. */
export interface ClassTilesInput {
  readonly loss: MarginLoss;
  readonly set: KernelSet;
  readonly kernels: HeadKernels;
  readonly x: UnitRows;
  readonly weights: FloatArray;
  readonly bias: FloatArray | undefined;
  readonly tileSize: number;
  /** Default 2²⁴, 64 MiB. */
  readonly keptNumbers?: number;
}

/** Streams over the tiles of W against the embeddings of one batch. */
export class ClassTiles {
  readonly count: number;
  readonly #input: ClassTilesInput;
  readonly #classes: number;
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
    this.#classes = input.weights.length / input.x.dim;
    this.count = Math.ceil(this.#classes / input.tileSize);
  }

  /** Brings the embeddings onto the device. */
  static async open(input: ClassTilesInput): Promise<ClassTiles> {
    const { set, x } = input;
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

  /** Hands a tile to `use`; it is freed afterwards unless it is kept. */
  async use<T>(index: number, use: (tile: ClassTile) => Promise<T>): Promise<T> {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return use(kept);
    const tile = await this.#compute(index);
    const numbers = tile.shape.classes * (tile.shape.batch + tile.shape.dim);
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
    const { loss, set, kernels, x, weights, bias, tileSize } = this.#input;
    const firstClass = index * tileSize;
    const end = Math.min(firstClass + tileSize, this.#classes);
    const { unit, inverse } = normalised(loss, weights, x.dim, firstClass, end);
    const centers = await set.upload(unit, x.dim);
    const shape = { batch: x.count, classes: end - firstClass, dim: x.dim };
    const biases = bias === undefined ? [] : [new Float32Array(bias.subarray(firstClass, end))];
    const args = [this.#embeddings, centers, ...biases];
    const cosines = await releaseOnError(centers, () => set.run(kernels.cosines, shape, args));
    return { firstClass, shape, centers, inverse, cosines };
  }
}

function free(tile: ClassTile): void {
  release(tile.cosines);
  release(tile.centers);
}

/** Rows `start` to `end`, normalised in float64 and rounded once. */
function normalised(
  loss: MarginLoss,
  weights: FloatArray,
  dim: number,
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
