import type { MarginLoss, NegativeCounts } from '@cf/core';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { HeadSessions } from './head-sessions.ts';
import type { TilePlan } from './tile-plan.ts';
import type { TileProducts } from './tile-products.ts';

/**
 * Parts of a step that are timed: `products`, a tile's products and norms (with the element-wise work, where that is a graph);
 * `sweep`, the element-wise work in WebAssembly; `gradients`, a tile's two products of pass 2 and its tangents.
 */
export type HeadPart = 'products' | 'sweep' | 'gradients';

/** Is told how long a part has taken, every time. */
export type OnPart = (part: HeadPart, seconds: number) => void;

/** What all that goes over the tiles of a step works with. */
export interface PassContext {
  readonly runtime: OnnxRuntime;
  readonly sessions: HeadSessions;
  readonly products: TileProducts;
  readonly loss: MarginLoss;
  readonly plan: TilePlan;
  readonly batch: number;
  /** K. */
  readonly subCenters: number;
  readonly onPart: OnPart | undefined;
}

/** Runs a part, and tells how long it has taken where somebody asks. */
export async function timedPart<Result>(
  { onPart }: Pick<PassContext, 'onPart'>,
  part: HeadPart,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  if (onPart === undefined) return run();
  const start = performance.now();
  const result = await run();
  onPart(part, (performance.now() - start) / 1000);
  return result;
}

/** A tile of classes, as the element-wise work sees it. */
export interface Tile {
  readonly index: number;
  /** First class. */
  readonly start: number;
  /** n, the number of classes. */
  readonly count: number;
  /** [n·K, d]. */
  readonly weights: RuntimeTensor;
  /** [1, n]. */
  readonly bias: RuntimeTensor | undefined;
  /** Where ‖w‖ of each row goes: [n·K]. */
  readonly norms: Float32Array;
}

/**
 * What turns the logits of a tile into e_ij, which is ∂ℓ_i/∂z_ij but for a factor of the sample: e^{z_ij − shift_i} − share_i
 * under a softmax, under a binary objective the slope of the pair, with nothing of this.
 */
export interface Partials {
  /** [B]; NaN where a sample has no negative yet. Default 0. */
  readonly shift?: Float32Array | undefined;
  /** What label smoothing takes off: [B]. Default 0. */
  readonly share?: Float32Array | undefined;
}

/** What is asked of a tile. */
export interface TileRequest extends Partials {
  /** ∂loss/∂ℓ_i, for the gradient of a bias beside the logits: [B]. Default 0. */
  readonly dNll?: Float32Array | undefined;
  /** What slopes are multiplied by to become ∂loss/∂(x̂·w), where that is known: [B]. */
  readonly factor?: Float32Array | undefined;
  /** Write the slopes. */
  readonly keep: boolean;
  /** Count the hard negatives. */
  readonly count: boolean;
  /** Something else to be done before this tile's slopes are, and at the same time where there are threads. */
  readonly meanwhile?: (() => void) | undefined;
}

/** What is found in a tile, over the negatives. Good until the pass is asked again. */
export interface TileResults {
  /** Σ_j e^{z_ij − shift_i}: [B]; empty under a binary objective. */
  readonly sum: Float32Array;
  /** Σ_j e_ij·N_ij: [B]; empty unless the geometry is `norm-scaled`. */
  readonly radial: Float32Array;
  /** Those of `negativeSumNames`, by name: [B] each. */
  readonly sums: Readonly<Record<string, Float32Array>>;
  /** Gradient of the bias beside the logits: [n]; undefined where there is none. */
  readonly gradBias: Float32Array | undefined;
  /**
   * Σ_i factor_i·slope_ij·cos θ_ij, what the gradient of a row has along it: [n·K]. Undefined where nobody has added it up.
   */
  readonly along: Float32Array | undefined;
  /** Only where it was asked for. */
  readonly counts: NegativeCounts | undefined;
}

/** The products and element-wise work of a tile. */
export interface TilePass {
  /** The largest scaled logit of each sample's negatives, below −1e38 where there is none: [B]. Writes the norms. */
  peaks(tile: Tile): Promise<Float32Array>;
  /**
   * Writes the norms, and the slopes e_ij·N′_ij/‖w‖ where {@link slopes} says: of a class's sub-centers the nearest has
   * them.
   */
  sums(tile: Tile, request: TileRequest): Promise<TileResults>;
  /** Where the slopes of a tile of n classes lie: [B, n·K]. Tiles that are not kept share a place or two. */
  slopes(index: number, count: number): Float32Array;
}
