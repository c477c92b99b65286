import { type BatchContext, type NegativeCounts, NORM_FLOOR, NonFiniteError } from '@cf/core';
import { biasInProduct } from '../formula/negatives-formula.ts';
import type { RuntimeTensor } from '../runtime/onnx-runtime.ts';
import { type TamedTile, tameRows, untameGradients } from './awkward-rows.ts';
import type { EmbeddingSums } from './embedding-sums.ts';
import type { GraphPass } from './graph-pass.ts';
import type { HeadMemory } from './head-memory.ts';
import type { TileSums } from './negative-sums.ts';
import {
  type Partials,
  type PassContext,
  type Tile,
  type TilePass,
  type TileRequest,
  type TileResults,
  timedPart,
} from './tile-pass.ts';

/** What passes over the classes share. */
export interface ClassTilesContext extends PassContext {
  readonly dim: number;
  readonly classes: number;
  /** W: [C·K, d]. */
  readonly weights: Float32Array;
  /** b: [C], for losses with a bias. */
  readonly bias: Float32Array | undefined;
  readonly checkFinite: boolean;
  readonly pass: TilePass;
  /** ∂W: [C·K, d], empty where `takeRows` takes it. Between the passes, the slopes of tiles wait in it. */
  readonly gradWeights: () => Float32Array;
  /** Takes a tile's rows of ∂W as soon as they are there. */
  readonly takeRows: BatchContext['takeRows'];
}

/** What pass 1 has found in a tile. Good until it is asked again. */
export interface ForwardResults {
  readonly sums: TileSums;
  readonly named: TileResults['sums'];
  readonly counts: NegativeCounts | undefined;
}

/** What the gradients of a tile are made of. */
interface SweptTile {
  readonly slopes: Float32Array;
  /** {@link TileResults.along} */
  readonly along: Float32Array | undefined;
  /** Whether the next tile's gradients follow at once. */
  readonly waits: boolean;
}

/** A sum this large has left so much room to float32's range that slopes and their products stay finite. */
const LARGEST_SUM = 1e15;
/** No logit is below; what hides a sample's own class is. */
const LEAST_LOGIT = -1e38;

/** One step's way over the classes, tile by tile. */
export class ClassTiles {
  readonly #context: ClassTilesContext;
  readonly #norms: Float32Array;
  readonly #tamed: Map<number, TamedTile> = new Map();
  readonly #checked: Set<number> = new Set();
  readonly #shifts: Map<number, Float32Array> = new Map();
  /** Copies the slopes of the tile before to where they wait in ∂W. */
  #store: (() => void) | undefined;
  #shift: Float32Array;
  /** ∂W of one tile, where no array holds all of it. */
  readonly #tileGradient: Float32Array;
  /** Whether pass 2 has been over the last tile, the slopes of which are gone then. */
  #passed = false;

  constructor(context: ClassTilesContext, memory: HeadMemory) {
    this.#context = context;
    const { plan, classes, subCenters, dim, takeRows } = context;
    const withNorms = plan.stored ? classes : Math.min((plan.kept + 1) * plan.tileSize, classes);
    this.#norms = memory.array('norms', withNorms * subCenters);
    this.#shift = new Float32Array(context.batch).fill(Number.NaN);
    this.#tileGradient = memory.array('tile gradient', takeRows ? plan.tileSize * subCenters * dim : 0);
  }

  /** Number of tiles. */
  get count(): number {
    return this.#context.plan.count;
  }

  /** First class and number of classes of a tile. */
  range(tile: number): { start: number; count: number } {
    const { plan, classes } = this.#context;
    const start = tile * plan.tileSize;
    return { start, count: Math.min(plan.tileSize, classes - start) };
  }

  /**
   * Pass 1 of a softmax over one tile. Tiles share one shift a sample, the largest logit of the first tile that has a
   * negative of it; it rises where a tile's sum comes near the end of float32's range.
   *
   * @throws NonFiniteError
   */
  async forward(index: number, count: boolean): Promise<ForwardResults> {
    const meanwhile = (): void => this.#storeNow();
    const parts = { keep: !this.#comesAgain(index), count, meanwhile };
    if (this.#shift.some(Number.isNaN)) await this.#raise(index, (i) => Number.isNaN(this.#shift[i]!));
    let results = await this.sweep(index, { shift: this.#shift, ...parts });
    if (!results.sum.every((sum) => sum <= LARGEST_SUM)) {
      const { sum } = results;
      await this.#raise(index, (i) => !(sum[i]! <= LARGEST_SUM));
      results = await this.sweep(index, { shift: this.#shift, ...parts });
    }
    const { sum, radial, sums, counts } = results;
    for (const [i, value] of sum.entries()) if (!Number.isFinite(value)) throw overflow(i, value);
    this.#shifts.set(index, this.#shift);
    this.#storeNow();
    const stored = this.#stored(index);
    if (stored !== undefined) {
      const slopes = this.#context.pass.slopes(index, this.range(index).count);
      this.#store = () => stored.set(slopes);
    }
    if (index === this.count - 1) this.#storeNow();
    return { sums: { shift: this.#shift, sum, radial }, named: sums, counts };
  }

  /** Products and element-wise work of one tile, and nothing else. */
  async sweep(index: number, request: TileRequest): Promise<TileResults> {
    return this.#withTamedRows(index, (tile) => this.#context.pass.sums(tile, request));
  }

  /** The scaled logits of a tile and their e_ij, the samples' own classes left out: [B, n] each. */
  async inspect(index: number, graph: GraphPass, partials: Partials): ReturnType<GraphPass['inspect']> {
    return graph.inspect(this.#tile(index), partials);
  }

  /** Leaves a tile out of pass 2. Its turn comes as that of any other, the last tile first. */
  skip(index: number): void {
    const gradient = this.#gradientOf(index).fill(0);
    this.#handOver(index, gradient);
  }

  /**
   * Pass 2 over one tile, from what pass 1 has left of it. The last tile comes first: where it writes, the slopes of the
   * tile behind it waited.
   */
  async backward(index: number, sums: EmbeddingSums, gradBias: Float32Array | undefined): Promise<void> {
    if (this.#comesAgain(index))
      await this.sweep(index, { shift: this.#shifts.get(index), keep: true, count: false });
    const slopes = this.#stored(index) ?? this.#context.pass.slopes(index, this.range(index).count);
    const waits = !this.#comesAgain(index);
    await this.#gradients(index, { slopes, along: undefined, waits }, sums, gradBias);
  }

  /** The gradients of a tile that was swept just now. @param along {@link TileResults.along} */
  async backwardNow(
    index: number,
    sums: EmbeddingSums,
    gradBias: Float32Array | undefined,
    along: Float32Array | undefined,
  ): Promise<void> {
    const slopes = this.#context.pass.slopes(index, this.range(index).count);
    await this.#gradients(index, { slopes, along, waits: false }, sums, gradBias);
  }

  /**
   * Writes a tile's rows of ∂W and, where a bias is in the products, of its gradient, and adds to the embeddings' gradient
   * what has still to be multiplied with the factors.
   */
  async #gradients(
    index: number,
    { slopes, along, waits }: SweptTile,
    sums: EmbeddingSums,
    gradBias: Float32Array | undefined,
  ): Promise<void> {
    const { loss, dim, products } = this.#context;
    const { start, count } = this.range(index);
    const gradient = this.#gradientOf(index);
    const norms = this.#normsOf(index);
    const tamed = this.#tamed.get(index);
    const backward = {
      weights: this.#weightsOf(index),
      norms,
      slopes,
      pull: along === undefined ? undefined : pullOf(along, norms),
      gradient,
      gradBias: biasInProduct(loss) ? gradBias?.subarray(start, start + count) : undefined,
      sums,
      waits,
    };
    await timedPart(this.#context, 'gradients', () => products.backward(backward));
    if (tamed !== undefined) untameGradients(gradient, tamed.norms, dim);
    this.#handOver(index, gradient);
  }

  /** Where a tile's rows of ∂W go: [n·K, d]. */
  #gradientOf(index: number): Float32Array {
    const { takeRows, gradWeights } = this.#context;
    const range = this.range(index);
    return takeRows
      ? this.#rowsOf(this.#tileGradient, { ...range, start: 0 })
      : this.#rowsOf(gradWeights(), range);
  }

  #handOver(index: number, gradient: Float32Array): void {
    const { takeRows, subCenters } = this.#context;
    if (index === this.count - 1) this.#passed = true;
    takeRows?.(this.range(index).start * subCenters, gradient);
  }

  /** Whether pass 2 computes the slopes of a tile again. Those of the last one lie where pass 1 ended, the first time. */
  #comesAgain(index: number): boolean {
    const { kept, stored, count } = this.#context.plan;
    return !stored && index >= kept && (index < count - 1 || this.#passed);
  }

  /** Where in ∂W the slopes of a tile wait for pass 2, if they do: in the rows of the tile before. */
  #stored(index: number): Float32Array | undefined {
    const { plan, batch, dim, subCenters, gradWeights } = this.#context;
    if (!plan.stored || index < plan.kept) return undefined;
    const at = this.range(index - 1).start * subCenters * dim;
    return gradWeights().subarray(at, at + batch * this.range(index).count * subCenters);
  }

  #storeNow(): void {
    const store = this.#store;
    this.#store = undefined;
    store?.();
  }

  /** Sets the shift of the chosen samples to their largest logit in a tile. */
  async #raise(index: number, chosen: (sample: number) => boolean): Promise<void> {
    const peaks = await this.#withTamedRows(index, (tile) => this.#context.pass.peaks(tile));
    const raised = this.#shift.slice();
    for (const [i, peak] of peaks.entries()) {
      if (!chosen(i) || peak < LEAST_LOGIT) continue;
      if (!Number.isFinite(peak)) throw overflow(i, peak);
      raised[i] = peak;
    }
    this.#shift = raised;
  }

  /** Runs a pass over a tile, and once more where norms turn out to overflow in float32. */
  async #withTamedRows<Result>(index: number, run: (tile: Tile) => Promise<Result>): Promise<Result> {
    const { loss, dim, weights, subCenters, checkFinite } = this.#context;
    const tile = this.#tile(index);
    const result = await run(tile);
    if (this.#checked.has(index) || !(checkFinite || loss.geometry !== 'inner')) return result;
    this.#checked.add(index);
    const tamed = tameRows(this.#rowsOf(weights, tile), tile.norms, dim, tile.start * subCenters);
    if (tamed === undefined || loss.geometry === 'inner') return result;
    this.#tamed.set(index, tamed);
    return run(this.#tile(index));
  }

  #tile(index: number): Tile {
    const { bias, dim, subCenters } = this.#context;
    const { start, count } = this.range(index);
    return {
      index,
      start,
      count,
      weights: this.#tensor(this.#weightsOf(index), [count * subCenters, dim]),
      bias: bias && this.#tensor(bias.subarray(start, start + count), [1, count]),
      norms: this.#normsOf(index),
    };
  }

  #weightsOf(index: number): Float32Array {
    return this.#tamed.get(index)?.weights ?? this.#rowsOf(this.#context.weights, this.range(index));
  }

  /** Tiles that come again have their norms in one place, the last of them to the end of pass 1: [n·K]. */
  #normsOf(index: number): Float32Array {
    const { subCenters, plan } = this.#context;
    const { count } = this.range(index);
    const start = (plan.stored ? index : Math.min(index, plan.kept)) * plan.tileSize;
    return this.#norms.subarray(start * subCenters, (start + count) * subCenters);
  }

  /** The rows of a tile in W or ∂W: [n·K, d]. */
  #rowsOf(matrix: Float32Array, { start, count }: { start: number; count: number }): Float32Array {
    const perClass = this.#context.subCenters * this.#context.dim;
    return matrix.subarray(start * perClass, (start + count) * perClass);
  }

  #tensor(data: Float32Array, dims: readonly number[]): RuntimeTensor {
    return new this.#context.runtime.Tensor('float32', data, dims);
  }
}

/** −along_j/‖w_j‖, what makes a gradient tangential as a multiple of its row. */
function pullOf(along: Float32Array, norms: Float32Array): Float32Array {
  return along.map((value, j) => (norms[j]! > NORM_FLOOR ? -value / norms[j]! : 0));
}

function overflow(sample: number, value: number): NonFiniteError {
  const fix = 'scale embeddings and class centers down: their products overflow.';
  return new NonFiniteError('logits', sample, value, fix);
}
