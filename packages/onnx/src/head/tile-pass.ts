import type { MarginLoss, NegativeCounts } from '@cf/core';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { HeadSessions } from './head-sessions.ts';
import type { TilePlan } from './tile-plan.ts';

/** What all that goes over the tiles of a step works with. */
export interface PassContext {
  readonly runtime: OnnxRuntime;
  readonly sessions: HeadSessions;
  readonly loss: MarginLoss;
  readonly plan: TilePlan;
  readonly batch: number;
}

/** A tile of classes, as pass 1 sees it. */
export interface Tile {
  readonly index: number;
  /** First class. */
  readonly start: number;
  /** n, the number of classes. */
  readonly count: number;
  /** [n, d]. */
  readonly weights: RuntimeTensor;
  /** [1, n]. */
  readonly bias: RuntimeTensor | undefined;
  /** Where ‖w_j‖ goes: [n]. */
  readonly norms: Float32Array;
}

/** What pass 1 finds in a tile, with e_ij = e^{z_ij − shift_i} over the negatives. Good until the pass is asked again. */
export interface TileResults {
  /** Σ_j e_ij: [B]. */
  readonly sum: Float32Array;
  /** Σ_j e_ij·N_ij: [B]; empty unless the geometry is `norm-scaled`. */
  readonly radial: Float32Array;
  /** Only where it was asked for. */
  readonly counts: NegativeCounts | undefined;
}

/** The products and element-wise work of pass 1, one tile at a time. */
export interface TilePass {
  /** The largest scaled logit of each sample's negatives, below −1e38 where there is none: [B]. Writes the norms. */
  peaks(tile: Tile): Promise<Float32Array>;
  /**
   * Writes the norms, and the slopes e_ij·N′_ij/‖w_j‖ where {@link slopes} says.
   *
   * @param shift [B]; NaN where a sample has no negative yet.
   */
  sums(tile: Tile, shift: Float32Array, parts: { keep: boolean; count: boolean }): Promise<TileResults>;
  /** Where the slopes of a tile lie: [B, n]. Tiles that are not kept share one place. */
  slopes(index: number, count: number): Float32Array;
}
