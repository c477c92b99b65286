import type { MarginLoss } from '@cf/core';
import type { EmbeddingSums } from './embedding-sums.ts';
import type { SweepThreads, TileProgram } from './sweep-threads.ts';

/** What of a tile of n classes, of K rows each, goes into its products. */
export interface ProductTile {
  /** W: [n·K, d]. */
  readonly weights: Float32Array;
  /** ‖w‖ of each row: [n·K]. */
  readonly norms: Float32Array;
}

export interface ForwardTile extends ProductTile {
  /** x̂, or x: [B, d]. */
  readonly x: Float32Array;
  /** b, where it is in the products: [n]. */
  readonly bias: Float32Array | undefined;
  /** Where x·w + b goes: [B, n·K]. */
  readonly products: Float32Array;
}

export interface BackwardTile extends ProductTile {
  /** [B, n·K]. */
  readonly slopes: Float32Array;
  /** What multiple of each row makes its gradient tangential, where that is known: [n·K]. */
  readonly pull: Float32Array | undefined;
  /** Where ∂L/∂W goes, tangential: [n·K, d]. */
  readonly gradient: Float32Array;
  /** Where ∂L/∂b goes, where it is in the products: [n]. */
  readonly gradBias: Float32Array | undefined;
  /** factor_i·x_i, and where Σ_j slope_ij·w_j is added. */
  readonly sums: EmbeddingSums;
  /** Whether the next tile's gradients follow at once. */
  readonly waits: boolean;
}

/** All that a head does with the rows of class centers: O(B·n·K·d) and O(n·K·d). Between calls, tiles are the caller's. */
export interface TileProducts {
  /** Writes products and norms of a tile. */
  forward(tile: ForwardTile): void | Promise<void>;
  /** Writes the gradients of a tile, and adds to those of the embeddings. */
  backward(tile: BackwardTile): void | Promise<void>;
  /** Gives back what it holds, once nothing runs. */
  dispose(): void;
}

/** What the products of a head are computed for. */
export interface ProductsPlan {
  readonly loss: MarginLoss;
  /** K. */
  readonly subCenters: number;
  /** Run `HeadProducts.program`. */
  readonly threads: Pick<SweepThreads, 'count' | 'prepareTiles' | 'runTile'>;
}

/** A library that computes the products of heads in the place of the runtime's graphs. */
export interface HeadProducts {
  /** Such as `oneDNN 2.6.3`. */
  readonly name: string;
  /** What computes a product, such as `gemm:jit`; `ref` is a plain loop. */
  readonly implementation: string;
  /** What a head's threads run; without, there is one thread. */
  readonly program?: TileProgram;
  open(plan: ProductsPlan): TileProducts;
}
