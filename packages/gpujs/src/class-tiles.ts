import { type FloatArray, type MarginLoss, plainRows, type UnitRows, unitRows } from '@cf/core';
import type { Input } from 'gpu.js';
import type { HeadKernels } from './kernels/head-kernels.ts';
import { type KernelSet, type KernelValue, release } from './kernels/kernel-set.ts';
import type { TileShape } from './kernels/kernel-source.ts';
import { matrixInput } from './matrix-input.ts';

/** Numbers of tiles that are kept from pass 1 to pass 2 (64 MiB); the rest is computed again, with the same bits. */
const KEPT_NUMBERS = 2 ** 24;

/** A run of classes with its cosines. */
export interface ClassTile {
  readonly firstClass: number;
  readonly shape: TileShape;
  /** ŵ, or w where the geometry is `inner`: [classes, d]. */
  readonly centers: Input;
  /** 1/‖w‖, 0 for a zero vector; 1 where the geometry is `inner`: [classes]. */
  readonly inverse: Float64Array;
  /** [B, classes]. */
  readonly cosines: KernelValue;
}

/** Streams over the tiles of W against the embeddings of one batch. */
export class ClassTiles {
  readonly count: number;
  /** x̂, or x where the geometry is `inner`: [B, d]. */
  readonly embeddings: Input;
  readonly #loss: MarginLoss;
  readonly #set: KernelSet;
  readonly #kernels: HeadKernels;
  readonly #batch: number;
  readonly #dim: number;
  readonly #weights: FloatArray;
  readonly #bias: FloatArray | undefined;
  readonly #tileSize: number;
  readonly #kept: Map<number, ClassTile> = new Map();
  readonly #budget: number;
  #keptNumbers = 0;

  constructor(
    loss: MarginLoss,
    set: KernelSet,
    kernels: HeadKernels,
    x: UnitRows,
    weights: FloatArray,
    bias: FloatArray | undefined,
    tileSize: number,
    keptNumbers: number = KEPT_NUMBERS,
  ) {
    this.#loss = loss;
    this.#set = set;
    this.#kernels = kernels;
    this.#batch = x.count;
    this.#dim = x.dim;
    this.#weights = weights;
    this.#bias = bias;
    this.#tileSize = tileSize;
    this.#budget = keptNumbers;
    this.embeddings = matrixInput(new Float32Array(x.unit), x.dim);
    this.count = Math.ceil(weights.length / x.dim / tileSize);
  }

  /** Hands a tile to `use`; it is freed afterwards unless it is kept. */
  async use<T>(index: number, use: (tile: ClassTile) => Promise<T>): Promise<T> {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return use(kept);
    const tile = await this.#compute(index);
    const numbers = tile.shape.classes * (this.#batch + this.#dim);
    if (this.#keptNumbers + numbers <= this.#budget) {
      this.#kept.set(index, tile);
      this.#keptNumbers += numbers;
      return use(tile);
    }
    try {
      return await use(tile);
    } finally {
      release(tile.cosines);
    }
  }

  /** Frees what is kept. */
  dispose(): void {
    for (const { cosines } of this.#kept.values()) release(cosines);
    this.#kept.clear();
  }

  async #compute(index: number): Promise<ClassTile> {
    const firstClass = index * this.#tileSize;
    const end = Math.min(firstClass + this.#tileSize, this.#weights.length / this.#dim);
    const rowsOf = this.#loss.geometry === 'inner' ? plainRows : unitRows;
    const { unit, inverse } = rowsOf(this.#weights, this.#dim, firstClass, end);
    const centers = matrixInput(new Float32Array(unit), this.#dim);
    const shape = { batch: this.#batch, classes: end - firstClass, dim: this.#dim };
    const bias = this.#bias === undefined ? [] : [new Float32Array(this.#bias.subarray(firstClass, end))];
    const cosines = await this.#set.run(this.#kernels.cosines, shape, [this.embeddings, centers, ...bias]);
    return { firstClass, shape, centers, inverse, cosines };
  }
}
